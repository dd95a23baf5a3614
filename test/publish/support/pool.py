# Processes that end without Python's own farewell: pool.py fork|spawn|exit RUNS. Each run has 100 updates; the last ends it.
import multiprocessing
import os
import sys

import publish_progress as module
from publish_progress import publish_progress

module.FLUSH_SECONDS = 60  # Tests run on busy machines.


def work(run_id):
    for number in range(99):
        publish_progress(run_id, state="A", log=f"line {number}")
    publish_progress(run_id, state="END", log="line 99")


def in_pool(method, runs):
    # Leaving the block ends its processes by SIGTERM.
    with multiprocessing.get_context(method).Pool(4) as pool:
        pool.map(work, runs, chunksize=1)


def in_children(runs):
    """Like RQ's work-horse."""
    for run_id in runs:
        if os.fork() == 0:
            work(run_id)
            os._exit(0)
    for _ in runs:
        os.wait()


if __name__ == "__main__":
    how, count = sys.argv[1], int(sys.argv[2])
    runs = [f"r{number}" for number in range(count)]
    publish_progress("parent", log="before")
    if how == "exit":
        in_children(runs)
    else:
        in_pool(how, runs)
