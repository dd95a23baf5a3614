# rq_jobs.py COUNT: so many jobs on a real RQ worker, whose processes leave by os._exit. Each finds a Redis that answers
# nothing in its first half second.
import os
import sys

from redis import Redis
from rq import Queue, Retry, Worker, get_current_job

from publish_progress import publish_progress, tracked


def job(run_id):
    for number in range(5):
        publish_progress(run_id, state="A", log=f"line {number}")
    publish_progress(run_id, state="END")


def retried(run_id, failures):
    with tracked(run_id) as report:
        report(state="A")
        if get_current_job().retries_left >= 2 - failures:
            raise ValueError("bad")


if __name__ == "__main__":
    connection = Redis.from_url(os.environ["BROKER_URL"])
    queue = Queue(connection=connection)
    for number in range(int(sys.argv[1])):
        queue.enqueue("rq_jobs.job", f"r{number}")
        Redis.from_url(os.environ["REDIS_URL"]).execute_command("CLIENT PAUSE", 500)
        Worker([queue], connection=connection).work(burst=True)
    for run_id, failures in (("second", 1), ("never", 3)):
        queue.enqueue("rq_jobs.retried", run_id, failures, retry=Retry(max=1))
    Worker([queue], connection=connection).work(burst=True)
