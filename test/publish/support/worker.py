# A worker that does what standard input says, a JSON array a line, and answers each with a line. Used by worker.ts.
import json
import os
import sys

import publish_progress as module

options = json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}
publisher = module.Publisher(**options)


def publish(run_id, first, end):
    for number in range(first, end):
        publisher.publish(run_id, state="A", progress=number % 1000 / 1000, log=f"line {number}")


def update(run_id, fields):
    publisher.publish(run_id, **fields)


def fork(run_id, first, end):
    """The child publishes as well, and ends like a child of a pool: without atexit."""
    if os.fork():
        return os.wait()[1]
    publish(run_id, first, end)
    os._exit(0 if publisher.flush(10) else 1)


actions = {"publish": publish, "update": update, "flush": publisher.flush, "fork": fork}
for line in sys.stdin:
    name, *arguments = json.loads(line)
    try:
        answer = actions[name](*arguments)
    except Exception as error:
        answer = f"{type(error).__name__}: {error}"
    print(json.dumps(answer), flush=True)
