"""Reports the progress of a background job to run-progress, from Celery or any other Python. One file: copy it.

    from publish_progress import publish_progress
    publish_progress(run_id, state="RENDERING", progress=0.75, log="rendering started")

Needs redis-py 4.3 or newer. It never holds a task up and never raises: a thread of its own records the update in Redis,
by the script that the service itself uses, so nothing is lost while no service runs. While Redis is away updates wait,
in order; Publisher says how many, and what becomes of more. A repeat after a lost answer is recorded once.

Environment (default): REDIS_URL (redis://localhost:6379/0), REDIS_TLS_INSECURE=1 for a self-signed certificate; and as
for the service KEY_PREFIX (autoshorts), TERMINAL_STATES (END,FAILED), HISTORY_LIMIT (500), RUN_TTL_SECONDS (86400),
FINISHED_TTL_SECONDS (3600). PROGRESS_CHANNEL may stay set, and is not used: nobody hears a channel while no service runs.

With tqdm, whose own clock limits how often it reports (every 0.1 s):

    class progress(tqdm):
        def display(self, *a, **k): publish_progress(run_id, progress=self.n / self.total); super().display(*a, **k)
"""

import atexit
import codecs
import hashlib
import json
import logging
import numbers
import os
import random
import re
import secrets
import sys
import threading
import time
import unicodedata
import weakref

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

FLUSH_SECONDS = 2
CONNECT_SECONDS = 2
ANSWER_SECONDS = 5
MAX_BACKOFF_SECONDS = 2
BATCH = 250  # A call takes Redis about 10 µs per update, in which it serves nobody else.
NOT_RECORDED = -2
MIN_WAITING = 1000

log_to = logging.getLogger("publish_progress")
# For host names: a child that is forked while the thread imports this would be without it for ever.
codecs.lookup("idna")


class Publisher:
    """A connection to Redis, and the updates that wait for it. Threads may share it; a forked child gets its own.

    Options that are not given come from the environment (see above). A ValueError names an option that can't be used.

    Of one run up to 1,000 updates wait (or twice `history_limit`, if that is more), of all runs ten times as many.
    Beyond that the oldest are folded: states, progress and data into the newest; log lines last of all, and then the
    oldest first; the update that ends a run stays. What was sent, and may have been recorded, is repeated as it was.

    `strict`: publish() records before it returns, on the caller's thread, and raises: a ValueError that names each bad
    field, a redis.RedisError when Redis fails twice (after up to 7 s each, if it hangs). After a redis.ConnectionError
    or redis.TimeoutError the update may have been recorded or not.
    """

    def __init__(
        self, redis_url=None, *, key_prefix=None, terminal_states=None, history_limit=None, run_ttl_seconds=None,
        finished_ttl_seconds=None, strict=False
    ):
        self._url = redis_url or os.environ.get("REDIS_URL") or "redis://localhost:6379/0"
        self._prefix = _setting("key_prefix", key_prefix, "autoshorts", _key_prefix)
        states = _setting("terminal_states", terminal_states, ["END", "FAILED"], _terminal_states)
        self._terminal = [_json(state) for state in states]
        limit = _setting("history_limit", history_limit, 500, _history_limit)
        ttl = _setting("run_ttl_seconds", run_ttl_seconds, 86400, _ttl_seconds)
        finished_ttl = _setting("finished_ttl_seconds", finished_ttl_seconds, 3600, _ttl_seconds)
        self._script_options = [limit, ttl * 1000, finished_ttl * 1000, f",{','.join(self._terminal)},"]
        self._most_per_run = max(MIN_WAITING, 2 * limit)
        self._strict = strict
        self._begin()
        _publishers.add(self)

    def _begin(self):
        """In a new process: a forked child shares no name, lock, thread or connection with its parent, and sends
        nothing of what waits there."""
        self._source = "p" + secrets.token_urlsafe(9)
        self._n = 0
        self._waiting = {}  # By run, those first whose turn it is: lists of updates.
        self._count = 0
        self._sent = []  # (run_id, n, update), to be repeated as they are until Redis has answered.
        self._changed = threading.Condition()
        self._try_now = threading.Event()
        self._thread = None
        self._redis = None
        self._warned = set()

    def publish(self, run_id, state=None, progress=None, log=None, data=None):
        """Reports what is not None: `state` (1 to 64 characters), `progress` (0 to 1), `log` (a line for people; cut
        after 8,192 characters), `data` (a dict, up to 16 KiB as JSON). What can't be used is left out, with a warning,
        once per field."""
        # Nothing is caught here in general: Celery raises SoftTimeLimitExceeded wherever the task happens to be.
        update, problems = _parse_update(state, progress, log, data)
        try:
            run_id = _parse_run_id(run_id)
        except ValueError as error:
            run_id, problems = None, {"run_id": error, **problems}
        if problems and self._strict:
            raise ValueError("; ".join(f"{field} {problem}" for field, problem in problems.items()))
        for field, problem in problems.items():
            what = "the update" if run_id is None else "it"
            self._warn(field, f"{field} {problem}: {what} is left out")
        if run_id is not None:
            (self._record_now if self._strict else self._push)(run_id, update)

    def flush(self, timeout=FLUSH_SECONDS):
        """Waits until Redis has all that was published, for `timeout` seconds at most. True if it has."""
        with self._changed:
            if self._waiting or self._sent:
                self._try_now.set()
            return self._changed.wait_for(lambda: not self._waiting and not self._sent, timeout)

    def _record_now(self, run_id, update):
        with self._changed:  # Names must reach Redis in order.
            self._n += 1
            batch = [(run_id, self._n, update)]
            try:
                outcomes, refusal = self._record(batch)
            except (redis.ConnectionError, redis.TimeoutError):
                # An idle connection that was closed, or a lost answer: under its name a repeat is safe.
                outcomes, refusal = self._record(batch)
        if refusal or isinstance(outcomes[0], str):
            raise redis.ResponseError(refusal or outcomes[0])

    def _push(self, run_id, update):
        with self._changed:
            self._waiting.setdefault(run_id, []).append(update)
            self._count += 1
            if len(self._waiting[run_id]) > self._most_per_run:
                self._fold_run(run_id, self._most_per_run * 9 // 10)
            if self._count > self._most_per_run * 10:
                self._make_room(self._most_per_run * 9)
            if self._thread is None or not self._thread.is_alive():
                self._start()
            self._changed.notify_all()

    def _fold_run(self, run_id, most):
        updates = self._waiting[run_id]
        self._waiting[run_id] = fold(updates, most, self._terminal)
        self._count -= len(updates) - len(self._waiting[run_id])

    def _make_room(self, most):
        """At most `most` updates in all: an equal share for each run, and if there are too many runs the oldest go."""
        for run_id in self._waiting:
            self._fold_run(run_id, max(1, most // len(self._waiting)))
        has_ended = {run_id: updates[-1].get("state") in self._terminal for run_id, updates in self._waiting.items()}
        for run_id in sorted(has_ended, key=has_ended.get):  # Those that have ended last; else the oldest first.
            if self._count <= most:
                break
            self._count -= len(self._waiting.pop(run_id))

    def _start(self):
        # Kept before it starts: an exception that Celery raises meanwhile must not leave a second one beside it.
        self._thread = threading.Thread(target=self._send_for_ever, name="publish_progress", daemon=True)
        try:
            self._thread.start()
        except RuntimeError as error:  # The interpreter is ending, or the system has no threads left.
            self._warn("thread", f"no thread can be started: {error}")
        # Children of Celery's and multiprocessing's pools end without atexit; each has a hook of its own.
        if "celery.signals" in sys.modules:
            sys.modules["celery.signals"].worker_process_shutdown.connect(_flush_all, weak=False)
        if "multiprocessing.util" in sys.modules:
            sys.modules["multiprocessing.util"].Finalize(None, _flush_all, exitpriority=100)

    def _send_for_ever(self):
        failures = 0
        while True:
            batch = self._next_batch()
            try:
                outcomes, refusal = self._record(batch)
            except Exception as error:  # Redis', the network's, a bad URL's: none may end this thread.
                outcomes, refusal = [NOT_RECORDED] * len(batch), _reason(error)
            with self._changed:
                self._sent = [sent for sent, outcome in zip(batch, outcomes) if outcome == NOT_RECORDED]
                self._changed.notify_all()
            for (run_id, _, _), outcome in zip(batch, outcomes):
                if isinstance(outcome, str):
                    self._warn("run", f"Redis refuses run {run_id!r}: {outcome}")
            if not refusal:
                failures = 0
                if "redis" in self._warned:
                    self._warned.discard("redis")
                    log_to.warning("Redis is back: what waited is being recorded")
                continue
            failures = min(failures + 1, 10)
            if failures == 1:
                continue  # Perhaps only an idle connection was closed.
            self._warn("redis", f"updates wait, as Redis can't record them: {refusal}")
            # The jitter keeps workers from coming all together.
            self._try_now.wait(min(0.05 * 2**failures, MAX_BACKOFF_SECONDS) * random.uniform(0.5, 1))
            self._try_now.clear()

    def _next_batch(self):
        """What was sent and not answered, or else what waits: named now, so that a name never stands for two things."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._sent)
            room = 0 if self._sent else BATCH
            while self._waiting and room > 0:
                run_id = next(iter(self._waiting))
                updates = self._waiting.pop(run_id)
                if updates[room:]:
                    self._waiting[run_id] = updates[room:]  # Behind the other runs.
                for update in updates[:room]:
                    self._n += 1
                    self._sent.append((run_id, self._n, update))
                self._count -= len(updates[:room])
                room = BATCH - len(self._sent)
            return list(self._sent)

    def _record(self, batch):
        """The outcome of each, and why Redis refuses the rest ('' if it doesn't). See the script."""
        if self._redis is None:
            self._redis = _connect(self._url)
        keys, args = [f"{self._prefix}:marker"], list(self._script_options)
        for run_id, n, update in batch:
            key = f"{self._prefix}:run:{run_id}"
            if key not in keys:
                keys.append(key)
            fields = (update.get(field, "") for field in ("state", "progress", "log", "data"))
            args.append("\n".join((str(keys.index(key) + 1), _json(run_id), self._source, str(n), *fields, "", "")))
        try:
            reply = self._redis.evalsha(RECORD_SHA, len(keys), *keys, *args)
        except redis.exceptions.NoScriptError:
            reply = self._redis.eval(RECORD_SCRIPT, len(keys), *keys, *args)
        refusal, *outcomes = reply
        return outcomes + [NOT_RECORDED] * (len(batch) - len(outcomes)), refusal

    def _warn(self, kind, text):
        if kind in self._warned:
            return
        self._warned.add(kind)
        log_to.warning("%s (said once)", text)


def fold(updates, most, terminal_states):
    """At most `most` updates (at least 1) that leave the run as all of them would, in order.

    Neighbours are joined, the oldest first, where no log line is lost by it; if that isn't enough the oldest lines go; the
    end of a run only if all are ends.
    """
    for loses_lines, loses_ends in ((False, False), (True, False), (True, True)):
        excess = len(updates) - most
        folded = updates[:1]
        for update in updates[1:]:
            before = folded[-1]
            has_both_lines = "log" in before and "log" in update
            has_end = before.get("state") in terminal_states and "state" in update
            if excess > 0 and (loses_lines or not has_both_lines) and (loses_ends or not has_end):
                folded[-1] = {**before, **update}
                excess -= 1
            else:
                folded.append(update)
        updates = folded
    return updates


def _parse_update(state, progress, log, data):
    """The valid fields as JSON text, and the problem of each other one. The rules are those of the service."""
    update, problems = {}, {}
    given = (("state", state, _state), ("progress", progress, _progress), ("log", log, _log), ("data", data, _data))
    for field, value, parse in given:
        if value is None or value == "" and field == "log":
            continue
        try:
            update[field] = parse(value)
        except ValueError as error:
            problems[field] = error
    return update, problems


_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_LINE_SEPARATOR = re.compile("[\u2028\u2029\u0085]")


def _parse_run_id(value):
    run_id = unicodedata.normalize("NFC", _text(value))
    if not run_id or _CONTROL.search(run_id) or len(run_id.encode()) > 256:
        raise ValueError("must be 1 to 256 bytes of UTF-8 without control characters")
    return run_id


def _state(value):
    state = _text(value)
    if not state or len(state) > 64 or _CONTROL.search(state):
        raise ValueError("must be 1 to 64 characters without control characters")
    return _json(state)


def _progress(value):
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not is_number or not -1e-6 <= value <= 1 + 1e-6:  # Sums of floats end at 1.0000000000000002.
        raise ValueError("must be a number from 0 to 1")
    return "0" if value <= 0 else "1" if value >= 1 else repr(float(value))


def _log(value):
    line = _text(value)
    return _json(line if len(line) <= 8192 else line[:8191] + "…")


def _data(value):
    if not isinstance(value, dict):
        raise ValueError("must be a dict")
    _check_depth(value, 31)  # The message itself is the first of 32 levels.
    try:
        text = _json(value)
    except TypeError as error:
        raise ValueError(f"must be JSON: {error}") from None
    if len(text.encode()) > 16384:
        raise ValueError("must be at most 16384 bytes of JSON")
    return text


def _check_depth(value, levels):
    if not isinstance(value, (dict, list, tuple)):
        return
    if levels == 0:
        raise ValueError("must nest at most 32 deep with its message")
    for item in value.values() if isinstance(value, dict) else value:
        _check_depth(item, levels - 1)


def _text(value):
    if not isinstance(value, str):
        raise ValueError("must be a string")
    return _well_formed(value)


def _well_formed(text):
    """Surrogates as characters or, where one is alone, as U+FFFD: it has no UTF-8 form."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if _SURROGATE.search(text) else text


def _json(value):
    """JSON in which no reader sees a line end. ValueError for NaN, TypeError for what JSON has no form for."""
    text = _well_formed(json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")))
    return _LINE_SEPARATOR.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _setting(name, given, default, parse):
    """An option or, where it is None, its variable of the environment: a bad one is warned of, and the default taken."""
    if given is not None:
        try:
            return parse(given)
        except ValueError as error:
            raise ValueError(f"{name} {error}, not {given!r}") from None
    text = os.environ.get(name.upper())
    if not text:
        return default
    value = text
    if isinstance(default, list):
        value = [state.strip() for state in text.split(",")]
    elif isinstance(default, int) and re.fullmatch("[0-9]+", text):
        value = int(text)
    try:
        return parse(value)
    except ValueError as error:
        log_to.warning("%s %s, not %r: %s is taken", name.upper(), error, text, default)
        return default


# The rules are those of the service's src/runs/settings.ts.
def _key_prefix(value):
    if not isinstance(value, str) or re.search(r"\s", value) or _CONTROL.search(value) or not 0 < len(_bytes(value)) <= 150:
        raise ValueError("must be 1 to 150 bytes without spaces")
    return value


def _terminal_states(value):
    if not isinstance(value, (list, tuple)) or not value or not all(map(_is_terminal_state, value)):
        raise ValueError("must be a list of states, each of 1 to 64 characters without commas")
    return list(value)


def _is_terminal_state(state):
    return isinstance(state, str) and 0 < len(state) <= 64 and "," not in state and not _CONTROL.search(state)


def _history_limit(value):
    return _whole_number(value, 100_000)


def _ttl_seconds(value):
    return _whole_number(value, 315_360_000)


def _whole_number(value, most):
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not is_number or not 1 <= value <= most or value != int(value):
        raise ValueError(f"must be a whole number from 1 to {most}")
    return int(value)


def _bytes(text):
    return text.encode(errors="surrogatepass")


def _connect(url):
    # No repeats by redis-py itself: they would hold up whoever flushes.
    options = {"socket_connect_timeout": CONNECT_SECONDS, "socket_timeout": ANSWER_SECONDS}
    options["retry"] = Retry(NoBackoff(), 0)
    if os.environ.get("REDIS_TLS_INSECURE") == "1" and url.startswith("rediss:"):
        options["ssl_cert_reqs"] = "none"
    return redis.Redis.from_url(url, decode_responses=True, encoding_errors="replace", **options)


def _reason(error):
    if isinstance(error, (redis.RedisError, OSError)):
        return str(error)
    # It might quote the URL, and with it the password.
    return f"{type(error).__name__}: is REDIS_URL right?"


def _flush_all(**_):
    deadline = time.monotonic() + FLUSH_SECONDS
    for publisher in list(_publishers):
        publisher.flush(max(0, deadline - time.monotonic()))


def _begin_all():
    for publisher in list(_publishers):
        publisher._begin()


_publishers = weakref.WeakSet()
atexit.register(_flush_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_all)
_default = {}


def publish_progress(run_id, state=None, progress=None, log=None, data=None):
    """Publisher.publish of a publisher with the options of the environment, made when first used."""
    # Of threads that come first together one prevails: with a source each, a thread's updates might change places.
    publisher = _default.get("publisher") or _default.setdefault("publisher", Publisher())
    publisher.publish(run_id, state, progress, log, data)


# Byte for byte the service's src/stores/record.lua, put here by scripts/embed-record.js: one script, one rule.
RECORD_SCRIPT = r"""-- The record rule, for a batch, in one atomic step: fold, take the next id, push, trim, expire, announce. Every publisher
-- runs this script. runs/record.ts says the same for the store in memory. See there for the words.
--
-- KEYS[1]  where the newest epoch is kept
-- KEYS[2…] histories; each is also the channel on which its run's events are announced
-- ARGV[1…4] history limit, expiry of a run and of a finished run in ms, terminal states as ',"END","FAILED",'
-- ARGV[5…] updates, each as lines: the place of its history in KEYS, run_id, source, n, state, progress, log, data,
--          idempotency key (JSON text, which has no line ends; empty where absent), and '1' where the entry is wanted
--
-- An announcement is one or more entries, a line each: what a batch brings for one run goes out together.
--
-- Returns {refusal, outcome…}. An outcome is 1 or the entry: recorded; 0: a repeat of a name; {the first one's entry}:
-- a repeat of a key; -1: an epoch older than the remembered ones; -2: not recorded, because Redis refuses writes, and
-- `refusal` ('' for none) says why; any other text: not recorded, because Redis refuses this run alone.
local MOST_SOURCES, MOST_EPOCHS = 8, 32
local limit, ttl, finished_ttl, terminal = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4]
local time = redis.call('TIME')
local ts = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local clock = time[1] * 1000000 + time[2]
local newest

local function newest_epoch()
  if not newest then
    local kept = redis.pcall('GET', KEYS[1])
    newest = type(kept) == 'string' and tonumber(kept) or 0
    -- Not one of ours (marker.lua): nothing could ever be newer.
    if not (newest < 4e15) then newest = 0 end
  end
  return newest
end

-- Takes over what the last entry says, as text: numbers and data never pass through a JSON decoder.
local function read(run, entry)
  local prefix = run.prefix
  if string.sub(entry, 1, #prefix) ~= prefix then return false end
  local id, state, progress = string.match(entry, '^(%d+),"ts":%d+,"state":(.-),"progress":([^,]+),"message":', #prefix + 1)
  local started, of_state, of_progress, of_data, epochs, sources, rest = string.match(entry,
    '^.*,"record":{"started":(%d+),"set":"(%d+) (%d+) (%d+)","epochs":"([^"]*)","sources":"([^"]*)"(.*)}}$')
  if not id or not started or not (rest == '' or string.find(rest, '^,"key":".*"$')) then return false end
  run.id, run.state, run.progress, run.started, run.epochs, run.sources = tonumber(id), state, progress, started, epochs, sources
  run.of_state, run.of_progress, run.of_data = tonumber(of_state), tonumber(of_progress), tonumber(of_data)
  return true
end

-- The list 'source=n source=n' with the name put in, or nil and the outcome when it is one that was recorded.
local function remember(list, source, n, by_age)
  local head = source .. '='
  if string.sub(list, 1, #head) == head then
    local seen, rest = string.match(list, '^(%d+)(.*)$', #head + 1)
    if tonumber(n) <= tonumber(seen) then return nil, 0 end
    return head .. n .. rest
  end
  local others, place = {}, not by_age and 1 or nil
  for other, seen in string.gmatch(list, '(%S+)=(%d+)') do
    if other == source then
      if tonumber(n) <= tonumber(seen) then return nil, 0 end
    else
      if not place and tonumber(other) < tonumber(source) then place = #others + 1 end
      others[#others + 1] = other .. '=' .. seen
    end
  end
  place = place or #others + 1
  local most = by_age and MOST_EPOCHS or MOST_SOURCES
  if place > most then return nil, -1 end
  table.insert(others, place, head .. n)
  others[most + 1] = nil
  return table.concat(others, ' ')
end

-- A run's values; its array part is what this batch adds to the history. Nothing is written before all is decided.
local function open_run(key, run_id)
  local run = {key = key, prefix = '{"type":"progress","run_id":' .. run_id .. ',"id":', id = clock - 1, state = 'null',
    progress = 'null', started = string.format('%.0f', clock), of_state = 0, of_progress = 0, of_data = 0, epochs = '', sources = ''}
  local last = redis.pcall('LINDEX', key, -1)
  while type(last) == 'string' and not read(run, last) do
    -- Not ours, or torn: it can't be followed, so it goes.
    last = redis.pcall('RPOP', key)
    if type(last) == 'string' then last = redis.pcall('LINDEX', key, -1) end
  end
  if type(last) == 'table' then run.fault = last.err end
  return run
end

-- The first entry of a run that bears an idempotency key. The history is read once, and only for such an update.
local function bearer(run, key)
  if not run.bearers then
    run.bearers = {}
    for _, entry in ipairs(redis.call('LRANGE', run.key, 0, -1)) do
      -- A match within `data` holds bare quotes, and a key's own are escaped: it equals none.
      local borne = string.match(entry, '^.*","key":(".*")}}$')
      if borne and not run.bearers[borne] then run.bearers[borne] = entry end
    end
  end
  return run.bearers[key]
end

-- The entry that follows, or nil and the outcome.
local function fold(run, source, n, state, progress, log, data, key)
  local first = key ~= '' and bearer(run, key)
  if first then return nil, {first} end
  local raw = string.find(source, '^%d+$')
  local list, outcome = remember(raw and run.epochs or run.sources, source, n, raw)
  if not list then return nil, outcome end
  if raw then run.epochs = list else run.sources = list end
  local epoch = raw and tonumber(source) or math.max(newest_epoch(), run.of_state, run.of_progress, run.of_data)
  local with_data = ''
  if state ~= '' and epoch >= run.of_state then run.state, run.of_state = state, epoch end
  if progress ~= '' and epoch >= run.of_progress then run.progress, run.of_progress = progress, epoch end
  if data ~= '' and epoch >= run.of_data then with_data, run.of_data = ',"data":' .. data, epoch end
  run.id = run.id + 1
  run.done = string.find(terminal, ',' .. run.state .. ',', 1, true)
  local entry = run.prefix .. string.format('%.0f', run.id) .. ',"ts":' .. ts .. ',"state":' .. run.state .. ',"progress":'
    .. run.progress .. ',"message":' .. (log == '' and '""' or log) .. with_data .. (run.done and ',"done":true' or '')
    .. string.format(',"record":{"started":%s,"set":"%.0f %.0f %.0f","epochs":"%s","sources":"%s"%s}}',
      run.started, run.of_state, run.of_progress, run.of_data, run.epochs, run.sources, key == '' and '' or ',"key":' .. key)
  if key ~= '' then run.bearers[key] = entry end
  return entry
end

local outcomes, runs, order, adds = {''}, {}, {}, {}
for i = 5, #ARGV do
  local place, run_id, source, n, state, progress, log, data, key, wanted = string.match(ARGV[i],
    '^(%d+)\n([^\n]*)\n([^\n]*)\n(%d+)\n([^\n]*)\n([^\n]*)\n([^\n]*)\n([^\n]*)\n([^\n]*)\n(.*)$')
  local run = runs[place]
  if not run then
    run = open_run(KEYS[tonumber(place)], run_id)
    runs[place], order[#order + 1] = run, run
  end
  -- A key of another type is this run's own fault; all else that can be wrong is wrong for every run.
  if run.fault and string.sub(run.fault, 1, 9) ~= 'WRONGTYPE' then return {run.fault} end
  local entry, outcome
  if run.fault then outcome = run.fault else entry, outcome = fold(run, source, n, state, progress, log, data, key) end
  if entry then
    run[#run + 1] = entry
    outcome = wanted == '1' and entry or 1
  end
  -- A repeat in the batch of its first one stands or falls with it.
  if entry or key ~= '' and run[1] then adds[i - 3] = run end
  outcomes[i - 3] = outcome
end

for _, run in ipairs(order) do
  if run[1] then
    local length = redis.pcall('RPUSH', run.key, unpack(run))
    if type(length) == 'table' then
      outcomes[1] = length.err
      break
    end
    run.pushed = true
    if length > limit then redis.call('LTRIM', run.key, -limit, -1) end
    redis.call('PEXPIRE', run.key, run.done and finished_ttl or ttl)
    redis.call('PUBLISH', run.key, table.concat(run, '\n'))
  end
end
if outcomes[1] ~= '' then
  for place, run in pairs(adds) do
    if not run.pushed then outcomes[place] = -2 end
  end
end
return outcomes
"""
RECORD_SHA = hashlib.sha1(RECORD_SCRIPT.encode()).hexdigest()
