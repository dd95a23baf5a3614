"""A worker as the original has it: a task that publishes its progress by a bare PUBLISH."""
import json
import os

import redis
from celery import Celery

app = Celery("videos", broker=os.environ["REDIS_URL"])
app.conf.update(worker_hijack_root_logger=False, task_ignore_result=True)
client = redis.Redis.from_url(os.environ["REDIS_URL"])


def publish_progress(run_id, state=None, progress=None, log=None):
    message = {"run_id": run_id}
    if state is not None:
        message["state"] = state
    if progress is not None:
        message["progress"] = progress
    if log is not None:
        message["log"] = log
    client.publish("autoshorts:progress", json.dumps(message))


@app.task(name="make_video")
def make_video(run_id, stages):
    for stage in stages:
        publish_progress(run_id, **stage)
