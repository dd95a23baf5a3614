# Tasks that count and end side by side, for a worker with any pool.
import os
import time

from celery import Celery

import publish_progress
from publish_progress import tracked

app = Celery("pools", broker=os.environ["BROKER_URL"])
publish_progress.connect_celery()


def work(part, run_id):
    time.sleep(0.01)  # The others' turn.
    tracked.current()(log=f"part {part} of {run_id}")


@app.task
def count(run_id, is_good):
    with tracked(run_id, heartbeat_seconds=0.02) as report:
        for part in report.each([0, 1, 2]):
            work(part, run_id)
        if not is_good:
            raise ValueError("bad")


def send():
    for number in range(8):
        count.delay(f"r{number}", number % 2 == 0)
