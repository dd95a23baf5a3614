# Tasks that end in every way: by themselves, or by what no code in them survives.
import os
import time

from celery import Celery

import publish_progress
from publish_progress import tracked

app = Celery("ends", broker=os.environ["BROKER_URL"])
publish_progress.connect_celery()


def end(how):
    if how == "kill":
        os.kill(os.getpid(), 9)
    if how == "raise":
        raise ValueError("bad\nand more")
    while how == "stay":
        time.sleep(0.05)


@app.task
def plain(run_id, how):
    publish_progress.publish_progress(run_id, state="A", progress=0.5)
    end(how)


@app.task
def whole(run_id, how):
    with tracked(run_id) as report:
        report(state="A", progress=0.5)
        end(how)


@app.task(bind=True, autoretry_for=(ValueError,), retry_kwargs={"max_retries": 1, "countdown": 0})
def by_itself(task, run_id, how):
    whole.run(run_id, how if task.request.retries == 0 else "return")


@app.task(bind=True, max_retries=1)
def by_hand(task, run_id, how):
    with tracked(run_id) as report:
        report(state="A", progress=0.5)
        try:
            end(how if task.request.retries == 0 else "return")
        except ValueError as error:
            raise task.retry(exc=error, countdown=0)


@app.task(autoretry_for=(ValueError,), retry_kwargs={"max_retries": 1, "countdown": 0})
def in_vain(run_id, how):
    whole.run(run_id, how)


def revoke(name):
    app.control.revoke(name, terminate=True)


def send():
    for task in (by_itself, by_hand, in_vain):
        task.delay(task.__name__, "raise")
    for task in (plain, whole):
        name = task.__name__
        task.delay(f"{name}-return", "return")
        task.delay(f"{name}-raise", "raise")
        task.delay(f"{name}-kill", "kill")
        task.apply_async((f"{name}-revoked", "stay"), task_id=f"{name}-revoked")
        task.apply_async((f"{name}-hard", "stay"), time_limit=1)
        task.apply_async((f"{name}-soft", "stay"), soft_time_limit=1)
        task.apply_async((f"{name}-expired", "return"), expires=0.001)
