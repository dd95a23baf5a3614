# The guide's chord in a real app, and a task that is delivered twice at once.
import os
import pathlib
import re
import time

import redis
from celery import Celery, chord

import publish_progress
from publish_progress import tracked

app = Celery("chords", broker=os.environ["BROKER_URL"], backend=os.environ["BROKER_URL"])
app.conf.update(worker_lost_wait=0.5, worker_prefetch_multiplier=1)
if "VISIBILITY_TIMEOUT" in os.environ:
    # What a worker had that was killed is delivered again when the next one starts.
    app.conf.broker_transport_options = {"visibility_timeout": float(os.environ["VISIBILITY_TIMEOUT"])}
publish_progress.connect_celery()


def render_frame(frame):
    time.sleep(0.03)  # Long enough to be killed in it.


guide = pathlib.Path(__file__).parents[3] / "docs" / "publishing.md"
exec(re.search("<!-- tested: chord -->\n```python\n(.*?)```", guide.read_text(), re.S)[1])


@app.task
def delivered(run_id, nth):
    """Each delivery hands over to the other at a list in Redis."""
    client = redis.Redis.from_url(os.environ["BROKER_URL"])
    with tracked(run_id) as report:
        report(state=f"OF_{nth}", log=f"delivery {nth} begins", flush=True)
        if nth == 1:
            client.blpop("the second has begun", 30)
            report(state="TOO_LATE", log="delivery 1 goes on", flush=True)
        else:
            client.rpush("the second has begun", 1)
            client.blpop("the first has ended", 30)
            report(log="delivery 2 goes on")
    client.rpush("the first has ended", 1)


@app.task(acks_late=False)
def killed(run_id, nth):
    """The first delivery is killed while the second one works."""
    client = redis.Redis.from_url(os.environ["BROKER_URL"])
    with tracked(run_id) as report:
        report(state=f"OF_{nth}", log=f"delivery {nth} begins", flush=True)
        if nth == 1:
            client.blpop("the second has begun", 30)
            os.kill(os.getpid(), 9)
        client.rpush("the second has begun", 1)
        client.blpop("the first is dead", 30)
        report(log="delivery 2 goes on")


def send(task, *args):
    app.tasks[f"celery_chord.{task}"].apply_async(args, task_id=f"{task} {args[0]}")
