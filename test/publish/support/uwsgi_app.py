# A page of a web server by uWSGI that starts a job.
from publish_progress import publish_progress


def application(_, start_response):
    for number in range(6):
        publish_progress("r", log=f"line {number}")
    start_response("200 OK", [("Connection", "close")])
    return [b"started"]
