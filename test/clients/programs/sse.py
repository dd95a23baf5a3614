"""Reads text/event-stream, line by line, as the documentation of run-progress shows it."""

import json


class Reader:
    """What a reader keeps over reconnections: the cursor, and whether the run is done."""

    def __init__(self):
        self.cursor = None
        self.done = False
        self._is_ready = False
        self._event, self._data, self._id = "", [], None

    def headers(self):
        return {"Last-Event-ID": self.cursor} if self.cursor else {}

    def begin(self):
        """A new connection: what was cut in the middle doesn't count."""
        self._event, self._data, self._id = "", [], None

    def line(self, line):
        field, _, value = line.partition(":")
        value = value[1:] if value.startswith(" ") else value
        if field == "event":
            self._event = value
        elif field == "data":
            self._data.append(value)
        elif field == "id":
            self._id = value
        elif line == "":
            self._dispatch()

    def _dispatch(self):
        if self._id is not None:
            self.cursor = self._id
        if self._data and self._event == "ping" and not self._is_ready:
            self._is_ready = True
            print("ready", flush=True)
        if self._data and self._event == "":
            self.message(json.loads("\n".join(self._data)))
        self._event, self._data, self._id = "", [], None

    def message(self, message):
        self.done = message.get("done", False)
        print(message["type"], message["id"], message.get("message", ""), flush=True)
