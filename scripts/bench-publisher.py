"""Does a Redis that is away slow a task down? Paired runs of one task that reports each of its steps: without a
publisher, with Redis there, and with nothing at its address. Needs redis-server and redis-py. Exits with 1 if a median
ratio is above 1.05.

    python3 scripts/bench-publisher.py [pairs]
"""

import os
import pathlib
import socket
import statistics
import subprocess
import sys
import time

STEPS = 100
WORK = 200_000  # Additions per step, in pure Python: they need the interpreter's lock, as the publisher's thread does.
MOST = 1.05
PUBLISHER = pathlib.Path(__file__).parent.parent / "src" / "publish"


def task(mode):
    """Prints the seconds for the task alone (not Python's start, nor its end, where updates are flushed), for its
    longest report, and of processor time."""
    sys.path.insert(0, str(PUBLISHER))
    from publish_progress import publish_progress

    def nothing(*_, **__):
        pass

    report = nothing if mode == "without" else publish_progress
    longest, used, started = 0, time.process_time(), time.perf_counter()
    for step in range(STEPS):
        total = 0
        for number in range(WORK):
            total += number
        called = time.perf_counter()
        report("bench", state="A", progress=step / STEPS, log=f"step {step}: {total}")
        longest = max(longest, time.perf_counter() - called)
    print(time.perf_counter() - started, longest, time.process_time() - used, flush=True)
    os._exit(0)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def seconds(mode, port):
    environment = {**os.environ, "REDIS_URL": f"redis://127.0.0.1:{port}/0"}
    child = subprocess.run(
        [sys.executable, __file__, "--task", mode], env=environment, check=True, capture_output=True, text=True
    )
    return [float(figure) for figure in child.stdout.split()]


def main(pairs):
    there, away = free_port(), free_port()
    redis = subprocess.Popen(["redis-server", "--port", str(there), "--save", ""], stdout=subprocess.PIPE, text=True)
    try:
        while "Ready to accept" not in redis.stdout.readline():
            pass
        ports = {"without": away, "reachable": there, "unreachable": away}
        against_reachable, against_without, longest, processor = [], [], [], []
        for pair in range(1, pairs + 1):
            # Each run of three begins with another one, so that a machine that slows down favours none.
            modes = list(ports)[pair % 3 :] + list(ports)[: pair % 3]
            runs = {mode: seconds(mode, ports[mode]) for mode in modes}
            took = {mode: run[0] for mode, run in runs.items()}
            longest.append(runs["unreachable"][1])
            processor.append(runs["unreachable"][2] / runs["without"][2])
            against_reachable.append(took["unreachable"] / took["reachable"])
            against_without.append(took["unreachable"] / took["without"])
            figures = "  ".join(f"{mode} {took[mode] * 1000:6.1f} ms" for mode in ports)
            print(f"{pair:3}/{pairs}  {figures}  unreachable/reachable {against_reachable[-1]:.3f}", flush=True)
    finally:
        redis.kill()
        redis.wait()
    medians = {"reachable": statistics.median(against_reachable), "without": statistics.median(against_without)}
    for other, median in medians.items():
        print(f"median of {pairs} ratios, unreachable / {other}: {median:.3f} (at most {MOST})")
    # On a busy machine it says more than the clock does.
    print(f"the same in processor time, unreachable / without: {statistics.median(processor):.3f}")
    print(f"median of the longest call in each run, unreachable: {statistics.median(longest) * 1000:.2f} ms")
    return max(medians.values()) <= MOST


if __name__ == "__main__":
    if sys.argv[1:2] == ["--task"]:
        task(sys.argv[2])
    sys.exit(0 if main(int(sys.argv[1]) if sys.argv[1:] else 20) else 1)
