# Tasks for a real Celery worker with a pool of forked processes.
import os
from types import SimpleNamespace

import billiard.pool
from celery import Celery
from celery.signals import worker_init, worker_process_shutdown

from publish_progress import publish_progress

app = Celery("jobs", broker=os.environ["BROKER_URL"])


@worker_init.connect
def before_the_fork(**_):
    # The hardest case: the parent has a thread, a lock and a connection when its children are made.
    publish_progress("parent", log="before the fork")


@worker_process_shutdown.connect
def child_ends(**_):
    # Billiard lets a process live for a second more, in which the publisher's thread might do by luck what its hook
    # is for.
    billiard.pool.time = SimpleNamespace(sleep=lambda seconds: None)
    print("a child ends", flush=True)


@app.task
def job(run_id, first, end):
    for number in range(first, end):
        publish_progress(run_id, state="A", log=f"line {number}")
    publish_progress(run_id, state="END", progress=1)
