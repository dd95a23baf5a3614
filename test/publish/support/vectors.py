# What the Python publisher makes of vectors.json: one JSON object on standard output, read by vectors.test.ts.
import collections
import json
import os
import pathlib
import re
import sys

import publish_progress as publisher


def expand(value):
    if isinstance(value, list):
        return [expand(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "$repeat" in value:
        return value["$repeat"] * value["times"] + value.get("then", "")
    if "$nest" in value:
        nested = {}
        for _ in range(value["$nest"] - 1):
            nested = {"a": nested}
        return nested
    return {key: expand(item) for key, item in value.items()}


def parse_update(given):
    update, problems = publisher._parse_update({field: given.get(field) for field in publisher._PARSERS})
    return {"update": update, "bad": list(problems)}


def parse_run_id(given):
    try:
        return publisher._parse_run_id(given)
    except ValueError:
        return None


def with_log(update, change):
    return {**update, "log": change(update["log"])} if "log" in update else update


def renamed(update, name, new_name):
    return {new_name if field == name else field: value for field, value in update.items()}


def fold(updates, most):
    """A line waits as JSON text."""
    given = [renamed(with_log(update, json.dumps), "silenceMs", "silence_ms") for update in updates]
    folded = publisher.fold(given, most, ["END", "FAILED"])
    return [renamed(with_log(update, json.loads), "silence_ms", "silenceMs") for update in folded]


def pauses_in(vector):
    intervals = range(1, vector["silence"] // vector["seconds"] + 1)
    return [pause for number in intervals if (pause := publisher._pause_before(number, vector["seconds"]))]


def wait(vector):
    waiting = publisher._Backlog(vector["mostPerRun"], ['"END"', '"FAILED"'])
    for push in vector["pushes"]:
        for run in range(push["runs"]):
            for number in range(push["each"]):
                run_id = f"r{run}"
                waiting.push(run_id, {"state": '"END"'} if run_id == vector.get("ended") else {"log": f'"{number}"'})
    counts = collections.Counter(run_id for run_id, _ in waiting.take(waiting.count))
    assert waiting.count == 0
    return counts


def bad_setting(given):
    """The option that the ValueError names; None without one."""
    options = {re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name): value for name, value in given.items()}
    try:
        publisher.Publisher(**options)
    except ValueError as error:
        return str(error).split()[0]


ANSWERS = {
    "updates": lambda vector: parse_update(vector["given"]),
    "runIds": lambda vector: parse_run_id(vector["given"]),
    "folds": lambda vector: fold(vector["updates"], vector["most"]),
    "settings": lambda vector: bad_setting(vector["given"]),
    "heartbeats": pauses_in,
    "backlogs": wait,
}

vectors = expand(json.loads(pathlib.Path(sys.argv[1]).read_text()))
json.dump(
    {kind: [answer(vector) for vector in vectors[kind]] for kind, answer in ANSWERS.items() if kind in vectors},
    sys.stdout,
)
sys.stdout.flush()
os._exit(0)  # What waits here is never sent.
