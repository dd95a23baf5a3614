"""Reports the progress of a background job to run-progress, from Celery or any other Python. One file: copy it.

    from publish_progress import publish_progress
    publish_progress(run_id, state="RENDERING", progress=0.75, log="rendering started")

Needs redis-py 4.3 or newer. A thread records the updates in Redis, by the script that the service itself uses, so nothing
is lost while no service runs. publish_progress never raises. After an update that ends a run it returns when that is
recorded, or after 2 s; other updates it waits for only briefly. While Redis is away updates wait, in order. A repeat after
a lost answer is recorded once. Publisher says more.

Environment (default): REDIS_URL (redis://localhost:6379/0; redis+sentinel://host,host2/mymaster/0), REDIS_TLS_INSECURE=1
for a self-signed certificate, REDIS_CLUSTER=0 for a cluster's node that is taken for one Redis; and as for the service
KEY_PREFIX (autoshorts), TERMINAL_STATES (END,FAILED), HISTORY_LIMIT (500), RUN_TTL_SECONDS (86400), FINISHED_TTL_SECONDS
(3600). PROGRESS_CHANNEL is not used: it may stay set.

A job from its beginning to its end (tracked and connect_celery say more):

    with tracked(run_id) as report:
        for part in report.each(parts):
            ...

With tqdm, whose own clock limits how often it reports (every 0.1 s):

    class progress(tqdm):
        def display(self, *args, **kwargs):
            if self.total:
                publish_progress(run_id, progress=self.n / self.total)
            return super().display(*args, **kwargs)
"""

# Contents, in this order:
#   Reporting                        publish_progress, flush
#   A body of code as a run          tracked, new_attempt
#   Celery and RQ                    connect_celery, and what runs here
#   The publisher                    Publisher: what a call does, what its thread does
#   Waiting for a thread
#   Updates that wait                the backlog, and how it is folded
#   What an update may hold
#   Settings
#   Connections to Redis             one, Sentinel, Cluster
#   The ends of processes
#   The record script

import _thread
import atexit
import codecs
import collections
import contextvars
import decimal
import hashlib
import inspect
import json
import logging
import numbers
import os
import random
import re
import reprlib
import secrets
import signal
import sys
import threading
import time
import unicodedata
import urllib.parse
import weakref

import redis
from redis.backoff import NoBackoff
from redis.crc import key_slot
from redis.retry import Retry
from redis.sentinel import Sentinel

# So long a call waits: for the end of a run or process, for a part's count, for the first updates of a burst.
FLUSH_SECONDS, PART_SECONDS, FIRST_SECONDS = 2, 30, 1
# So many updates are waited for at once, and so many in each second after that.
AT_ONCE, PER_SECOND = 10, 20
CONNECT_SECONDS = 1
ANSWER_SECONDS = 1.5  # Below FLUSH_SECONDS: at the end there is time for another try on a new connection.
LOOK_SECONDS = 0.5  # Between two questions to the sentinels.
# A thread without work ends, and its connection with it. A NAT may have forgotten a connection that was silent for long.
IDLE_SECONDS = 10
MAX_BACKOFF_SECONDS = 2
BATCH = 250  # A call takes Redis about 10 µs per update, in which it serves nobody else.
BATCH_BYTES = 256 * 1024
NOT_RECORDED = "not recorded"  # An outcome beside those of the script.
MIN_WAITING = 1000  # Of a run, while Redis is away.
HEARTBEAT_SECONDS = 30
# So many heartbeats in a row come that often, then they are rare: each is an event, and a history has room for 500.
FREQUENT_HEARTBEATS, RARE_HEARTBEAT_SECONDS = 120, 300
# One is left out where the run was heard for this part of the pause before it. Its own last one may have come late.
HEARD = 0.9
EACH_SECONDS = 0.1  # Between two reports of `each`.
# So long a look at the clock of Redis counts, and so long one that it did not answer.
CLOCK_SECONDS, CLOCK_WHILE_AWAY_SECONDS = 3600, 5
MOST_COUNTED = 999_999_999_999_999

# What other people's code may raise, but for the exceptions that Celery raises in a task from outside, which must get through.
_FAULTS = (
    redis.RedisError, OSError, ArithmeticError, AssertionError, AttributeError, ImportError, LookupError, RuntimeError,
    TypeError, ValueError
)

log_to = logging.getLogger("publish_progress")
# For host names: a child that is forked while the thread imports this would be without it for ever.
codecs.lookup("idna")


# ---- Reporting ---------------------------------------------------------------------------------------------------------


def publish_progress(run_id, state=None, progress=None, log=None, data=None, **fields):
    """Reports an update by the default publisher: see Publisher.publish."""
    default_publisher().publish(run_id, state, progress, log, data, **fields)


def flush(timeout=FLUSH_SECONDS):
    """Waits until the default publisher has recorded all: see Publisher.flush."""
    return default_publisher().flush(timeout)


def default_publisher():
    """The publisher with the options of the environment. It is made when it is first used."""
    # Threads that come first together get the same one: with two, a thread's updates might change places.
    return _default.get("publisher") or _default.setdefault("publisher", Publisher())


_default = {}


# ---- A body of code as a run -------------------------------------------------------------------------------------------


class tracked:
    """Reports a body of code as a run, to its end:

        with tracked(run_id) as report:
            report(state="RENDERING")
            for part in report.each(parts):  # Counts up.
                ...

    Entering begins a new `attempt`. If a task is delivered twice, readers see the later delivery alone, from its first word
    on. While the body is silent, heartbeats say that it lives. Leaving says END, or FAILED with the exception in one line.
    SIGTERM says FAILED too, where nobody else handles it. An end that the body has reported itself stands: an exception
    after it is a line only. Reports after the body are left out. A forked child may report; the run's end is its parent's
    to say.

    `part=True`: the body is one of many tasks of a run. Leaving counts it, by advance=1, and ends nothing; it waits until
    that is recorded, for 30 s at most. A part is known by the id of its Celery task or RQ job, or by `part` if that is a
    name: delivered twice, it is counted once. Its updates have an attempt only if `attempt` is given.

    Where the queue will try again after an exception, its line is reported and the run goes on. Celery and RQ are asked
    (autoretry_for, retry(), Retry(max=…)); `will_retry(error)` says it for others.

    `publisher`: a Publisher. Default: that of publish_progress. `heartbeat_seconds`: the silence before a heartbeat. From
    the 121st in a row on they come each 5 minutes, if that is longer.
    """

    def __init__(
        self, run_id, *, part=False, attempt=None, will_retry=None, publisher=None, heartbeat_seconds=HEARTBEAT_SECONDS
    ):
        if not 0 < heartbeat_seconds <= threading.TIMEOUT_MAX:
            raise ValueError(f"heartbeat_seconds must be a positive number, not {heartbeat_seconds!r}")
        if part == "":
            raise ValueError("part must be True or a name, not an empty text")
        self.run_id = run_id
        self.attempt = attempt
        self._is_part = part is not None and part is not False
        self._part_name = None if part is True else part
        self._will_retry = will_retry or _will_retry
        self._publisher = publisher
        self._ended = None  # The terminal state that the body has reported.
        self._is_over = False
        self._heartbeat_seconds = heartbeat_seconds
        self._reported_at = 0.0
        self._over = _Signal()  # Ends the thread of the heartbeats.
        self._done = self._said = None  # How many parts `each` has seen done, and how many are reported.

    def __call__(self, state=None, progress=None, log=None, data=None, **fields):
        """Reports an update of this run and attempt: see Publisher.publish. After the body it is left out."""
        if self._is_over:
            self._publisher._warn("over", f"a report of run {self.run_id!r} came after its end: it is left out")
            return
        self._reported_at = time.monotonic()
        if isinstance(state, str) and state in self._publisher.terminal_states:
            self._ended = state
        self._say(state, progress, log, data, **fields)

    def _say(self, state=None, progress=None, log=None, data=None, **fields):
        """Publishes it, and with it how many parts `each` has seen done, if that isn't reported yet."""
        done = self._done
        if progress is None and fields.get("current") is None and done != self._said:
            fields["current"] = done
        if progress is not None or fields.get("current") is not None:
            self._said = done
        self._publisher.publish(self.run_id, state, progress, log, data, **{"attempt": self.attempt, **fields})

    def each(self, parts, total=None):
        """Gives each of `parts`, and reports how many are done, ten times a second at most. `total`: how many there are;
        default: their len(), if they have one."""
        if self._is_part:
            raise TypeError("a part of a run counts as one: report(advance=…) says more")
        self._done = 0
        self(current=0, total=total or _len(parts) or None)
        reported_at = time.monotonic()
        # A loop that is left early tells nobody: what is not reported by then goes with the next report, the end at last.
        for self._done, part in enumerate(parts):
            yield part
            self._done += 1
            if time.monotonic() - reported_at >= EACH_SECONDS:
                self()
                reported_at = time.monotonic()
        if self._done != self._said:
            self()

    @staticmethod
    def current():
        """The `report` of the innermost body that runs here. Outside of any body: one that does nothing."""
        return _current.get()

    def __enter__(self):
        self._publisher = self._publisher or default_publisher()
        if not self._is_part and self.attempt is None:
            self.attempt = _celery_attempt_for(self.run_id) or new_attempt(self._publisher)
        self._is_over = False
        self._token = _current.set(self)
        _bodies.append(self)
        try:
            _handle_sigterm()
            self._reported_at = time.monotonic()
            # A part's first word would take the room of a count in the history, by which a count's repeat is known.
            if not self._is_part:
                self._say()
            self._start_beat()
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(self, kind, error, _):
        try:
            if self in _bodies:  # Not in a forked child: there it is its parent's.
                self._end(error)
        finally:
            self._leave()

    def _leave(self):
        self._is_over = True
        self._over.set()
        if self in _bodies:
            _bodies.remove(self)
        if not _bodies:
            _restore_sigterm()
        try:
            _current.reset(self._token)
        except ValueError:
            pass  # A generator may be closed in another context than it began in.

    def _end(self, error):
        has_failed = error is not None and not (isinstance(error, SystemExit) and not error.code)
        goes_on = has_failed and (self._is_part or self._ended is not None or self._is_retried(error))
        self._is_over = True
        if goes_on:
            self._say(log=_one_line(error), flush=True)
        elif has_failed:
            self._say(state=self._publisher.terminal_states[-1], log=_one_line(error), key=_end_key(self.attempt))
        elif self._is_part:
            name = _task_id() if self._part_name is None else self._part_name
            self._say(advance=1, key=None if name is None else f"part {name}", flush=True)
            # If the process dies before the count is recorded, nobody delivers this part again.
            self._publisher.flush(PART_SECONDS)
        elif self._ended is None:
            self._say(state=self._publisher.terminal_states[0], key=_end_key(self.attempt))

    def _is_retried(self, error):
        try:
            return self._will_retry(error)
        except Exception as fault:
            log_to.warning("will_retry failed, so run %r ends: %s", self.run_id, _one_line(fault))
            return False

    def _start_beat(self):
        try:
            _thread.start_new_thread(self._beat, ())
        except RuntimeError as error:  # The interpreter is ending, or the system has no threads left.
            log_to.warning("no thread can be started, so run %r has no heartbeats: %s", self.run_id, error)

    def _beat(self):
        """Counts the intervals of a silence. A report of the body ends it."""
        since = began = self._reported_at
        intervals = 0
        while not self._over.wait(max(0.01, began + self._heartbeat_seconds - time.monotonic())):
            if self._reported_at != since:
                since = began = self._reported_at
                intervals = 0
                continue
            began = time.monotonic()
            intervals += 1
            pause = _pause_before(intervals, self._heartbeat_seconds)
            if not pause or self._is_over:
                continue
            if self._done != self._said:
                self._say()
            else:
                self._publisher._say_alive(self.run_id, self.attempt, pause * HEARD)


def _pause_before(intervals, seconds):
    """The pause before the heartbeat that is due after a silence of so many intervals of so many seconds; None without one."""
    if intervals <= FREQUENT_HEARTBEATS:
        return seconds
    every = max(1, int(RARE_HEARTBEAT_SECONDS // seconds))
    return None if (intervals - FREQUENT_HEARTBEATS) % every else every * seconds


def new_attempt(publisher=None):
    """A number for `attempt`: µs by the clock of Redis, which all workers share, or of this host while Redis is away."""
    now = time.monotonic()
    if now > _clock.get("asked_again_at", 0):
        seconds = (publisher or default_publisher())._ask_clock()
        _clock["ahead"] = (seconds or time.time()) - time.monotonic()
        _clock["asked_again_at"] = time.monotonic() + (CLOCK_SECONDS if seconds else CLOCK_WHILE_AWAY_SECONDS)
    attempt = max(int((_clock["ahead"] + time.monotonic()) * 1_000_000), _clock.get("last", 0) + 1)
    _clock["last"] = attempt
    return attempt


_clock = {}


# The bodies that run in this process, the innermost last. A forked child has none of its parent's.
_bodies = []


class _Untracked:
    """What tracked.current() gives outside of any body."""

    def __call__(self, *_, **__):
        pass

    def each(self, parts, total=None):
        return parts


_current = contextvars.ContextVar("publish_progress", default=_Untracked())
# Celery's processes leave with these codes when they get a signal.
_EXITS_BY_SIGNAL = {number - 256: number.name for number in signal.Signals}


def _one_line(error):
    """An exception for people."""
    if isinstance(error, SystemExit) and isinstance(error.code, int) and error.code in _EXITS_BY_SIGNAL:
        return f"ended by {_EXITS_BY_SIGNAL[error.code]}"
    exceptions = sys.modules.get("celery.exceptions")
    if exceptions is not None and isinstance(error, exceptions.Retry) and isinstance(error.exc, Exception):
        error = error.exc  # Why it is tried again.
    name = type(error).__name__
    try:
        text = str(error).strip()
    except _FAULTS:
        text = ""  # The exception's own fault.
    return f"{name}: {text.splitlines()[0]}" if text else name


def _end_key(attempt):
    """Only the first end of an attempt is recorded: this key makes the others repeats."""
    return None if attempt is None else f"end {attempt}"


def _handle_sigterm():
    """In the main thread, which alone may, and where nobody else does."""
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _on_sigterm)


def _restore_sigterm():
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is _on_sigterm:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _on_sigterm(number, _):
    """Says it for each body, and ends the process as it would have ended without this handler."""
    try:
        for body in reversed(_bodies):
            try:
                body._end(SystemExit(number - 256))
            except Exception as error:  # A strict publisher's. The others end all the same.
                log_to.warning("the end of run %r is not recorded: %s", body.run_id, _reason(error))
    finally:
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)


def _len(parts):
    """None if they have none: a DataLoader's raises."""
    try:
        return len(parts)
    except _FAULTS:
        return None


# ---- Celery and RQ -----------------------------------------------------------------------------------------------------
# They are asked only where the program has imported them.


def connect_celery(run_id_of=None, publisher=None):
    """Says FAILED for each Celery task that raises, and for each that dies in a way that no code in it survives: a hard time
    limit, a killed process, a revoked or expired task. Call it once, where the app is made:

        publish_progress.connect_celery()

    The run is the task's argument `run_id`, or what `run_id_of(task, args, kwargs)` returns; None means no run. A run that
    has ended, or that a later attempt has begun anew, is left as it is; so is one that a task tracks a second time.
    """
    from celery import signals

    def say_failed(task, task_id, attempt, args, kwargs, line):
        run_id = (run_id_of or _run_id_argument)(task, args or (), kwargs or {})
        if run_id is not None:
            _say_failed(publisher or default_publisher(), run_id, attempt, _end_key(attempt) or f"end {task_id}", line)

    def received(request=None, **_):
        _name_delivery(request, new_attempt(publisher))

    def failed(sender=None, task_id=None, exception=None, args=None, kwargs=None, **_):
        attempt = _celery_attempt() or _dying_attempt.get()
        say_failed(sender, task_id, attempt, args, kwargs, _one_line(exception))

    def revoked(sender=None, request=None, terminated=None, signum=None, expired=None, **_):
        by = signum and _EXITS_BY_SIGNAL.get(int(signum) - 256)
        how = "expired before it began" if expired else f"was ended by {by}" if terminated else "was revoked"
        attempt = getattr(request, "run_progress_attempt", None)
        say_failed(sender, request.id, attempt, request.args, request.kwargs, f"the task {how}")

    signals.task_received.connect(received, weak=False)
    signals.task_failure.connect(failed, weak=False)
    signals.task_revoked.connect(revoked, weak=False)


def _name_delivery(request, attempt):
    """Gives a delivery of a task its attempt, in its process and here."""
    # What is in this dict reaches the child process, as the task's request.
    request.request_dict["run_progress_attempt"] = attempt
    on_failure = request.on_failure

    def fail(*args, **kwargs):
        # Celery calls this when the process has died, and sends task_failure from in here. That signal tells which task
        # it was, and not which of its deliveries.
        token = _dying_attempt.set(attempt)
        try:
            return on_failure(*args, **kwargs)
        finally:
            _dying_attempt.reset(token)

    request.on_failure = fail


_dying_attempt = contextvars.ContextVar("publish_progress_dying_attempt", default=None)


def _say_failed(publisher, run_id, attempt, key, line):
    recorded = publisher._recorded_attempt(run_id)
    if recorded == "done" or attempt is not None and isinstance(recorded, int) and recorded > attempt:
        return
    # A task that reports without attempts has none in its run: an attempt here would take the run's values away.
    is_own = attempt is not None and recorded in (attempt, "unknown")
    publisher.publish(
        run_id, publisher.terminal_states[-1], log=line, attempt=attempt if is_own else None, key=key
    )


def _run_id_argument(task, args, kwargs):
    try:
        return inspect.signature(task.run).bind_partial(*args, **kwargs).arguments.get("run_id")
    except (AttributeError, TypeError, ValueError):
        return kwargs.get("run_id")  # A task without a signature, or called with other arguments than it has.


def _celery_request():
    celery = sys.modules.get("celery")
    task = celery and celery.current_task
    return task.request if task else None


def _celery_attempt():
    return getattr(_celery_request(), "run_progress_attempt", None)


def _celery_attempt_for(run_id):
    """The delivery's, for the first body of the run. A second one needs a later attempt, or its end would be a repeat."""
    request = _celery_request()
    attempt = getattr(request, "run_progress_attempt", None)
    if attempt is None:
        return None
    begun = request.__dict__.setdefault("run_progress_begun", set())
    if run_id in begun:
        return None
    begun.add(run_id)
    return attempt


def _task_id():
    """The id of the Celery task or RQ job that runs here. All its deliveries have the same."""
    request = _celery_request()
    if request is not None and request.id:
        return request.id
    job = _rq_job()
    return job and job.id


def _rq_job():
    return sys.modules["rq"].get_current_job() if "rq" in sys.modules else None


def _will_retry(error):
    """Celery or RQ will try again what runs here, or Celery was told to forget it."""
    exceptions = sys.modules.get("celery.exceptions")
    if exceptions is not None and isinstance(error, (exceptions.Retry, exceptions.Ignore, exceptions.Reject)):
        return True
    request = _celery_request()
    if request is not None:
        if request.called_directly:
            return False  # No worker is there to try it again.
        return _retries_by_itself(sys.modules["celery"].current_task, request.retries, error)
    job = _rq_job()
    return bool(job and job.retries_left)


def _retries_by_itself(task, retries, error):
    """As Celery decides it: an exception of `autoretry_for` leaves the task's code before it becomes a Retry."""
    retried, not_retried = (tuple(getattr(task, name, ())) for name in ("autoretry_for", "dont_autoretry_for"))
    if not isinstance(error, retried) or isinstance(error, not_retried):
        return False
    most = (getattr(task, "retry_kwargs", None) or {}).get("max_retries", task.max_retries)
    return most is None or retries < most


# ---- The publisher -----------------------------------------------------------------------------------------------------


class Publisher:
    """A connection to Redis, and the updates that wait for it. Threads may share it; a forked child gets its own.

    Options that are not given come from the environment (see above). A ValueError names an option that can't be used.

    A thread records what is published, and ends with its connection after 10 s without work. publish() waits for it

    - until the update is recorded, for 2 s at most: after an update that ends the run, and with flush=True;
    - until it is recorded, for 1 s at most, after the first updates of a burst: the task may let no thread run. Not while
      Redis is away, once it has waited in vain;
    - while 500 updates wait (or as many as `history_limit`, if that is more), for 2 s at most. Not while Redis is away.

    In an event loop it waits for ends and for room only, and not while Redis is away.

    While Redis is away up to 1,000 updates of one run wait (or twice `history_limit`), of all runs ten times as many.
    Beyond that the oldest are folded: states, progress and data into the newest; log lines last of all, and then the
    oldest first; the update that ends a run stays. What was sent, and may have been recorded, is repeated as it was.

    `strict`: publish() records before it returns, on the caller's thread, and raises: a ValueError that names each bad
    field, a redis.RedisError when Redis fails twice (after up to 5 s, if it hangs). After a redis.ConnectionError or
    redis.TimeoutError the update may have been recorded or not.
    """

    def __init__(
        self, redis_url=None, *, key_prefix=None, terminal_states=None, history_limit=None, run_ttl_seconds=None,
        finished_ttl_seconds=None, strict=False
    ):
        self._url = redis_url or os.environ.get("REDIS_URL") or "redis://localhost:6379/0"
        self._prefix = _setting("key_prefix", key_prefix, "autoshorts", _key_prefix)
        states = _setting("terminal_states", terminal_states, ["END", "FAILED"], _terminal_states)
        self.terminal_states = list(states)
        self._terminal = [_json(state) for state in states]  # As updates hold them.
        limit = _setting("history_limit", history_limit, 500, _history_limit)
        ttl = _setting("run_ttl_seconds", run_ttl_seconds, 86400, _ttl_seconds)
        finished_ttl = _setting("finished_ttl_seconds", finished_ttl_seconds, 3600, _ttl_seconds)
        self._script_settings = {
            "history_limit": limit, "ttl_ms": ttl * 1000, "finished_ttl_ms": finished_ttl * 1000,
            "terminal_states": f",{','.join(self._terminal)},"
        }
        self._most_per_run = max(MIN_WAITING, 2 * limit)
        self._strict = strict
        self._begin()
        _publishers.add(self)

    def _begin(self):
        """In a new process: a forked child shares no name, lock, thread or connection with its parent, and sends
        nothing of what waits there."""
        self._source = "p" + secrets.token_urlsafe(9)
        self._n = 0
        # Callers only append here. An exception that Celery raises in the middle of a call leaves nothing half done.
        self._inbox = collections.deque()
        # For the next two, and for moving updates between the three. A signal's handler may publish while its thread holds it.
        self._lock = threading.RLock()
        self._backlog = _Backlog(self._most_per_run, self._terminal)
        self._sent = []  # (run_id, n, update), to be repeated as they are until Redis has answered.
        self._sending = threading.Lock()  # Held by the thread that sends.
        self._news, self._hurry = _Signal(), _Signal()  # For that thread: something is published, somebody waits.
        self._turns = collections.deque()  # Signals of those who wait for the thread to get on.
        self._is_resting = False  # The thread ends as soon as it has nothing to do, or fails.
        self._is_away = False  # Redis has failed twice, or somebody has waited for it in vain: nobody waits for it any more.
        self._credit, self._credited_at = AT_ONCE, time.monotonic()  # How many updates may be waited for now.
        self._redis = None
        self._batch_limit = BATCH  # Less after a failure.
        self._warned = set()

    def publish(
        self, run_id, state=None, progress=None, log=None, data=None, *, current=None, total=None, advance=None,
        attempt=None, key=None, flush=False
    ):
        """Reports what is not None: `state` (1 to 64 characters), `progress` (0 to 1), `log` (a line for people; cut
        after 8,192 characters), `data` (a dict, up to 16 KiB as JSON). What can't be used is left out, with a warning,
        once per field. `flush`: see above.

        Instead of `progress`: `current` and `total`, numbers; `advance` is added to the run's `current`. `attempt`: an
        update of a lower attempt than the run's is left out, and one of a higher begins the run anew (see tracked).
        `key` (1 to 255 visible ASCII characters): an update is left out if the run's history has one with this key.
        """
        # Nothing is caught here in general: Celery raises SoftTimeLimitExceeded wherever the task happens to be.
        update, problems = _parse_update({
            "state": state, "progress": progress, "current": current, "total": total, "advance": advance,
            "attempt": attempt, "log": log, "data": data, "key": key
        })
        try:
            run_id = _parse_run_id(run_id)
        except ValueError as error:
            run_id, problems = None, {"run_id": error, **problems}
        if problems and self._strict:
            raise ValueError("; ".join(f"{field} {problem}" for field, problem in problems.items()))
        for field, problem in problems.items():
            what = "the update" if run_id is None else "it"
            self._warn(field, f"{field} {problem}: {what} is left out")
        if run_id is None:
            return
        if self._strict:
            self._record_now(run_id, update)
        else:
            self._push(run_id, update, flush or update.get("state") in self._terminal)

    def _say_alive(self, run_id, attempt, seconds):
        """Reports that the run lives, where nobody has said anything of it for so long. It raises nothing."""
        update, _ = _parse_update({"attempt": attempt})
        update["silence_ms"] = str(int(seconds * 1000))
        try:
            run_id = _parse_run_id(run_id)
        except ValueError:
            return  # Whatever else is published of it says what is wrong.
        if not self._strict:
            return self._push(run_id, update, False)
        try:
            self._record_now(run_id, update)
        except _FAULTS as error:
            self._warn("alive", f"a heartbeat of run {run_id!r} is left out: {_reason(error)}")

    def flush(self, timeout=FLUSH_SECONDS):
        """Waits until Redis has all that was published, for `timeout` seconds at most. True if it has."""
        if self._unrecorded():
            self._wake()
            self._hurry.set()
        return self._wait_for(lambda: not self._unrecorded(), timeout)

    def close(self):
        """Flushes, for 2 s at most, and ends the thread and the connection. True if Redis has all that was published. A
        later update begins anew."""
        is_flushed = self.flush()
        self._is_resting = True
        self._news.set()
        self._hurry.set()
        self._wait_for(lambda: not self._sending.locked(), FLUSH_SECONDS)
        if not self._sending.locked():
            self._disconnect()
        return is_flushed

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _record_now(self, run_id, update):
        with self._lock:  # Names must reach Redis in order.
            self._n += 1
            batch = [(run_id, self._n, update)]
            try:
                outcomes, refusal = self._record(batch)
            except (redis.ConnectionError, redis.TimeoutError):
                # An idle connection that was closed, or a lost answer: under its name a repeat is safe.
                outcomes, refusal = self._record(batch)
            except BaseException:
                self._disconnect()  # Interrupted: the next command must not read this one's answer.
                raise
        if refusal or outcomes[0][0] == "rejected":
            raise redis.ResponseError(refusal or outcomes[0][1])

    def _push(self, run_id, update, is_urgent):
        receipt = update["receipt"] = []  # Not empty once that is recorded, or refused for good.
        self._inbox.append((run_id, update))
        self._wake()
        in_event_loop = _runs_in_event_loop()
        if is_urgent:
            self._hurry.set()
            if in_event_loop:
                self._wait_once(lambda: receipt, FIRST_SECONDS)
            else:
                self._wait_for(lambda: receipt, FLUSH_SECONDS)
        elif self._is_away:
            if len(self._inbox) > MIN_WAITING:  # The thread is held up by Redis: see to the limits here.
                self._take_in()
        elif not in_event_loop and self._has_credit():
            self._wait_once(lambda: receipt, FIRST_SECONDS)
        elif self._waiting() > self._most_per_run // 2:
            self._wait_once(lambda: self._waiting() <= self._most_per_run // 2, FLUSH_SECONDS)

    def _wait_once(self, condition, seconds):
        """Waits. If that is in vain nobody waits again until Redis has recorded something."""
        if not self._wait_for(lambda: condition() or self._is_away, seconds):
            self._is_away = True

    def _waiting(self):
        return len(self._inbox) + self._backlog.count

    def _unrecorded(self):
        with self._lock:
            return self._waiting() + len(self._sent)

    def _has_credit(self):
        now = time.monotonic()
        credit = min(AT_ONCE, self._credit + (now - self._credited_at) * PER_SECOND)
        self._credit, self._credited_at = max(0, credit - 1), now
        return credit >= 1

    def _wait_for(self, condition, seconds):
        """Looks again each time that the thread has got on. True if the condition holds within that time."""
        deadline = time.monotonic() + seconds
        while not condition():
            turn = _Signal()
            self._turns.append(turn)
            if not condition() and not turn.wait(max(0, deadline - time.monotonic())):
                return bool(condition())
        return True

    def _end_turn(self):
        """The thread has got on."""
        while self._turns:
            self._turns.popleft().set()

    def _take_in(self):
        """From the inbox to the backlog, which folds what is too much."""
        with self._lock:
            while self._inbox:
                self._backlog.push(*self._inbox.popleft())
        if self._backlog.lost_lines:
            self._warn("lines", "more waits for Redis than there is room for: the oldest log lines are not kept")

    def _wake(self):
        if not self._sending.locked():
            self._start()
        self._news.set()

    def _start(self):
        """If two threads start, one ends at once. threading.Thread is not used: an exception in its start() spoils it."""
        self._is_resting = False
        try:
            _thread.start_new_thread(self._send_while_needed, ())
        except RuntimeError as error:  # The interpreter is ending, or the system has no threads left.
            self._warn("thread", f"no thread can be started, so updates are recorded by their callers: {error}")
            self._is_resting = True
            self._send_while_needed()
        uwsgi = sys.modules.get("uwsgi")
        if uwsgi is not None and not {"enable-threads", "threads"}.intersection(uwsgi.opt):
            self._warn("threads", "uWSGI without --enable-threads lets no thread run between requests: updates come late")
        _hook_ends()

    def _send_while_needed(self):
        while self._sending.acquire(False):
            try:
                self._send_until_idle()
            finally:
                self._sending.release()
                self._end_turn()
            if not self._inbox:
                return

    def _send_until_idle(self):
        failures = 0
        while True:
            batch = self._next_batch()
            if not batch:
                if self._is_resting or not self._news.wait(IDLE_SECONDS):
                    return self._disconnect()
                continue
            refusal = self._send(batch)
            if not refusal:
                failures = 0
                self._end_turn()
                continue
            failures = min(failures + 1, 10)
            if failures == 1:
                continue  # Perhaps only an idle connection was closed.
            self._is_away = True
            self._end_turn()
            self._warn("redis", f"updates wait, as Redis can't record them: {refusal}")
            if self._is_resting:
                return self._disconnect()
            # The jitter keeps workers from coming all together.
            self._hurry.wait(min(0.05 * 2**failures, MAX_BACKOFF_SECONDS) * random.uniform(0.5, 1))

    def _next_batch(self):
        """What was sent and not answered, or else what waits: named now, so that a name never stands for two things."""
        self._take_in()
        with self._lock:
            for run_id, update in self._backlog.take(0 if self._sent else BATCH):
                self._n += 1
                self._sent.append((run_id, self._n, update))
            batch, size = [], 0
            for sent in self._sent[: self._batch_limit]:
                size += sum(len(_bytes(value)) for value in sent[2].values() if isinstance(value, str))
                if batch and size > BATCH_BYTES:
                    break
                batch.append(sent)
            return batch

    def _send(self, batch):
        """Why Redis did not record all of it: '' if it did."""
        try:
            outcomes, refusal = self._record(batch)
        except Exception as error:  # Redis', the network's, a bad URL's: none may end this thread.
            outcomes, refusal = [NOT_RECORDED] * len(batch), _reason(error)
        with self._lock:
            failed = [sent for sent, outcome in zip(batch, outcomes) if outcome == NOT_RECORDED]
            self._sent = failed + self._sent[len(batch) :]
        for (run_id, _, update), outcome in zip(batch, outcomes):
            if outcome != NOT_RECORDED:
                update["receipt"].append(True)
            if outcome[0] == "rejected":
                self._warn("run", f"Redis refuses run {run_id!r}: {outcome[1]}")
            if outcome == "superseded":
                self._warn("attempt", f"a later attempt has begun run {run_id!r} anew: updates of this one are left out")
        if refusal:
            # Redis, or somebody before it, may refuse a call for its size.
            self._batch_limit = max(1, len(batch) // 2)
        else:
            self._batch_limit = min(BATCH, self._batch_limit * 2)
            self._is_away = False
            if "redis" in self._warned:
                self._warned.discard("redis")
                log_to.warning("Redis is back: what waited is being recorded")
        return refusal

    def _record(self, batch):
        """The outcome of each, and why Redis refuses all ('' if it doesn't). See the script."""
        if self._redis is None:
            self._redis = _Nodes(self._url)
        if not self._redis.is_cluster():
            return self._record_at_once(batch)
        # A script must not touch runs on several nodes.
        by_run = {}
        for place, sent in enumerate(batch):
            by_run.setdefault(sent[0], []).append(place)
        outcomes, refusal = [NOT_RECORDED] * len(batch), ""
        for places in by_run.values():
            try:
                found, why = self._record_at_once([batch[place] for place in places])
            except (redis.RedisError, OSError) as error:
                self._redis.forget()
                if len(by_run) == 1:
                    raise
                found, why = [NOT_RECORDED] * len(places), _reason(error)
            refusal = refusal or why
            for place, outcome in zip(places, found):
                outcomes[place] = outcome
        return outcomes, refusal

    def _record_at_once(self, batch):
        prefix = f"{self._redis.database}/" if self._redis.database else ""
        publish = "SPUBLISH" if self._redis.is_cluster() else "PUBLISH"
        keys, args = {}, [_lines({**self._script_settings, "channel_prefix": prefix, "publish": publish})]
        for run_id, n, update in batch:
            place = keys.setdefault(f"{self._prefix}:run:{run_id}", len(keys) + 1)
            fields = {field: value for field, value in update.items() if field != "receipt"}
            args.append(_lines({"history": place, "run_id": _json(run_id), "source": self._source, "n": n, **fields}))
        client = self._redis.of(next(iter(keys)))
        try:
            reply = client.evalsha(RECORD_SHA, len(keys), *keys, *args)
        except redis.exceptions.NoScriptError:
            reply = client.eval(RECORD_SCRIPT, len(keys), *keys, *args)
        refusal, *outcomes = reply
        if refusal.startswith("READONLY"):
            self._disconnect()  # It is a replica now: another connection may lead to the master.
        return [NOT_RECORDED] * len(batch) if refusal else outcomes, refusal

    def _ask(self, *command):
        """On a connection of its own: the other one is the sending thread's."""
        nodes = _Nodes(self._url)
        try:
            return nodes.of(command[1] if len(command) > 1 else self._prefix).execute_command(*command)
        finally:
            nodes.close()

    def _ask_clock(self):
        """Seconds since 1970 by the clock of Redis. None if it doesn't answer."""
        try:
            seconds, micros = self._ask("TIME")
            return int(seconds) + int(micros) / 1_000_000
        except _FAULTS as error:
            self._warn_of_question(error)
            return None

    def _recorded_attempt(self, run_id):
        """What the run's newest entry says: its attempt, "done", or None. "unknown" if Redis doesn't answer."""
        try:
            entry = self._ask("LINDEX", f"{self._prefix}:run:{_parse_run_id(run_id)}", -1) or ""
        except _FAULTS as error:
            self._warn_of_question(error)
            return "unknown"
        if ',"done":true,"record":{' in entry:
            return "done"
        # Before the first member that holds other people's text.
        attempt = re.search(r',"attempt":(\d+),"message":"', entry)
        return int(attempt[1]) if attempt else None

    def _warn_of_question(self, error):
        # That Redis is away is said when something can't be recorded.
        if not isinstance(error, (redis.RedisError, OSError)):
            self._warn("question", f"Redis can't be asked: {_reason(error)}")

    def _disconnect(self):
        nodes, self._redis = self._redis, None
        if nodes is not None:
            nodes.close()

    def _warn(self, kind, text):
        if kind in self._warned:
            return
        self._warned.add(kind)
        log_to.warning("%s (said once)", text)


def _lines(values):
    """As the script takes them: JSON text has no line ends."""
    return "\n".join(f"{name}={value}" for name, value in values.items())


# ---- Waiting for a thread ----------------------------------------------------------------------------------------------


class _Signal:
    """Lets one thread wait for another. Unlike Event and Condition it is a lock and nothing else, so an exception that
    Celery raises in the middle of a call can't leave it half set."""

    def __init__(self):
        self._lock = threading.Lock()
        self._lock.acquire()

    def set(self):
        try:
            self._lock.release()
        except RuntimeError:
            pass  # It is set already.

    def wait(self, seconds):
        """True if it is set within that time. It is unset then."""
        return self._lock.acquire(timeout=seconds)


# ---- Updates that wait -------------------------------------------------------------------------------------------------


class _Backlog:
    """Updates that wait to be sent: per run, in order, in bounded space (see Publisher)."""

    def __init__(self, most_per_run, terminal_states):
        self.count = 0
        self.lost_lines = 0
        self._most_per_run = most_per_run
        self._terminal = terminal_states
        self._runs = {}  # The run whose turn it is comes first.

    def push(self, run_id, update):
        updates = self._runs.setdefault(run_id, [])
        updates.append(update)
        self.count += 1
        if len(updates) > self._most_per_run:
            self._fold_run(run_id, self._most_per_run * 9 // 10)
        if self.count > self._most_per_run * 10:
            self._make_room(self._most_per_run * 9)

    def take(self, most):
        """The oldest (run_id, update), `most` of them at most: of the run whose turn it is, then of the next."""
        taken = []
        for run_id in list(self._runs):
            room = most - len(taken)
            if room == 0:
                break
            updates = self._runs.pop(run_id)
            taken += [(run_id, update) for update in updates[:room]]
            if updates[room:]:
                self._runs[run_id] = updates[room:]  # Behind the other runs.
        self.count -= len(taken)
        return taken

    def _fold_run(self, run_id, most):
        updates = self._runs[run_id]
        folded = self._runs[run_id] = fold(updates, most, self._terminal)
        self.count -= len(updates) - len(folded)
        self.lost_lines += _count_lines(updates) - _count_lines(folded)

    def _make_room(self, most):
        """An equal share for each run; and if there are too many runs the oldest go, those that have ended last."""
        for run_id in self._runs:
            self._fold_run(run_id, max(1, most // len(self._runs)))
        has_ended = {run_id: updates[-1].get("state") in self._terminal for run_id, updates in self._runs.items()}
        for run_id in sorted(has_ended, key=has_ended.get):
            if self.count <= most:
                break
            updates = self._runs.pop(run_id)
            self.count -= len(updates)
            self.lost_lines += _count_lines(updates)


def _count_lines(updates):
    return sum("log" in update for update in updates)


def fold(updates, most, terminal_states):
    """At most `most` updates (at least 1) that leave the run as all of them would, in order.

    Neighbours are joined, the oldest first, where no log line is lost by it; if that isn't enough the oldest lines go; the
    end of a run, and what can't be joined, only if nothing else is left.
    """
    for loses_lines, loses_all in ((False, False), (True, False), (True, True)):
        excess = len(updates) - most
        folded = updates[:1]
        for update in updates[1:]:
            before = folded[-1]
            has_both_lines = "log" in before and "log" in update
            has_end = before.get("state") in terminal_states and "state" in update
            is_apart = has_end or _stand_apart(before, update)
            if excess > 0 and (loses_lines or not has_both_lines) and (loses_all or not is_apart):
                folded[-1] = _join(before, update)
                excess -= 1
            else:
                folded.append(update)
        updates = folded
    return updates


_COUNTERS = {"current", "total", "advance"}


def _stand_apart(before, update):
    """One update can't say what both do."""
    return (
        "key" in before or "key" in update or before.get("attempt") != update.get("attempt")
        or "progress" in before and not _COUNTERS.isdisjoint(update)
        or "progress" in update and not _COUNTERS.isdisjoint(before)
    )


def _join(before, update):
    """Of what one update can't say the newer part stays."""
    if "attempt" in update and update["attempt"] != before.get("attempt"):
        return _of_higher_attempt(before, update)
    joined = {**before, **update}
    if "key" not in update:
        joined.pop("key", None)  # If it was recorded before, the rest would be left out with it.
    if "silence_ms" not in before or "silence_ms" not in update:
        joined.pop("silence_ms", None)  # What more it says is no repeat.
    if "log" in before and "log" in update:
        joined["log"] = _without_line(before["log"], update["log"])
    if "progress" in update:
        return {field: value for field, value in joined.items() if field not in _COUNTERS}
    if not _COUNTERS.isdisjoint(update):
        joined.pop("progress", None)
    if "current" in update:
        if "advance" not in update:
            joined.pop("advance", None)
    elif "advance" in before and "advance" in update:
        joined["advance"] = _sum(before["advance"], update["advance"])
    return joined


def _of_higher_attempt(before, update):
    if int(before.get("attempt", -1)) > int(update["attempt"]):
        # Whoever waits, waits for the newer one.
        return {**before, **{field: value for field, value in update.items() if field == "receipt"}}
    joined = {**{field: value for field, value in before.items() if field in ("log", "data")}, **update}
    joined.pop("silence_ms", None)
    if "log" in before and "log" in update:
        joined["log"] = _without_line(before["log"], update["log"])
    return joined


_NOT_KEPT = re.compile(r"\(lines not kept: ([0-9]+)\) ")


def _without_line(lost, line):
    """The line says in the run itself how many before it are lost: no reader takes what it sees for all there was."""
    before, own = _NOT_KEPT.match(json.loads(lost)), _NOT_KEPT.match(json.loads(line))
    count = 1 + sum(int(found[1]) for found in (before, own) if found)
    return _log(f"(lines not kept: {count}) {json.loads(line)[own.end() if own else 0:]}")


def _sum(one, other):
    return _decimal(float(one) + float(other))


# ---- What an update may hold -------------------------------------------------------------------------------------------


def _parse_update(given):
    """The valid fields as JSON text, and the problem of each other one. The rules are those of the service."""
    update, problems = {}, {}
    for field, value in given.items():
        if value is None or field == "log" and isinstance(value, str) and value == "":
            continue
        try:
            if field in ("current", "total", "advance") and "progress" in update:
                raise ValueError("must not be given beside progress")
            update[field] = _PARSERS[field](value)
        except ValueError as error:
            problems[field] = f"{error}, not {_shown(value)}"
    return update, problems


def _shown(value):
    """For a message: the value, shortened, and its type."""
    return f"{reprlib.repr(value)} ({type(value).__name__})"


_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_LINE_SEPARATOR = re.compile("[\u2028\u2029\u0085]")


def _parse_run_id(value):
    run_id = unicodedata.normalize("NFC", _text(value)) if isinstance(value, str) else ""
    if not run_id or _CONTROL.search(run_id) or len(run_id.encode()) > 256:
        raise ValueError(f"must be 1 to 256 bytes of UTF-8 without control characters, not {_shown(value)}")
    return run_id


def _state(value):
    state = _text(value)
    if not state or len(state) > 64 or _CONTROL.search(state):
        raise ValueError("must be 1 to 64 characters without control characters")
    return _json(state)


def _progress(value):
    number = _number(value)
    if not -1e-6 <= number <= 1.05:  # Sums of floats end at 1.0000000000000002, and ffmpeg at 1.02.
        raise ValueError("must be a number from 0 to 1")
    return "0" if number <= 0 else "1" if number >= 1 else repr(number)


def _number(value):
    """As float: Decimal("0.5"), NumPy's scalars and arrays without a dimension, a tensor of one number as well."""
    is_number = not isinstance(value, (bool, str, bytes, bytearray)) and not getattr(value, "shape", ())
    try:
        if is_number and "bool" not in type(getattr(value, "dtype", value)).__name__:
            return float(value)
    except (ArithmeticError, TypeError, ValueError):
        pass  # It has no float, or none of this size.
    raise ValueError("must be a number")


def _count(value):
    number = _number(value)
    if not 0 <= number <= MOST_COUNTED:
        raise ValueError(f"must be a number from 0 to {MOST_COUNTED}")
    return _decimal(number)


def _positive(value):
    if _number(value) < 1e-6:  # Smaller ones are 0 to the record script.
        raise ValueError(f"must be a number from 0.000001 to {MOST_COUNTED}")
    return _count(value)


def _decimal(number):
    """JSON text of 15 digits, in which sums of decimals are exact: forty times 0.1 is 4."""
    text = format(decimal.Decimal(format(number, ".15g")), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _attempt(value):
    number = _number(value)
    if number != number // 1 or not 0 <= number < 2**53:
        raise ValueError("must be a whole number from 0")
    return str(int(number))


def _key(value):
    if not isinstance(value, str) or not re.fullmatch("[ -~]{1,255}", value):
        raise ValueError("must be 1 to 255 characters of visible ASCII")
    return _json(value)


def _log(value):
    line = _text(value)
    return _json(line if len(line) <= 8192 else line[:8191] + "…")


def _data(value):
    if not isinstance(value, dict):
        raise ValueError("must be a dict")
    try:
        text = _json(value)
    except RecursionError:
        raise ValueError("must nest at most 32 deep with its message") from None
    except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError) as error:
        # RuntimeError: another thread has changed it meanwhile.
        raise ValueError(f"must be JSON ({error})") from None
    if len(text.encode()) > 16384:
        raise ValueError("must be at most 16384 bytes of JSON")
    # Not of the value itself, which another thread may be changing.
    if not _is_nested_within(31, json.loads(text)):  # The message itself is the first of 32 levels.
        raise ValueError("must nest at most 32 deep with its message")
    return text


def _is_nested_within(levels, value):
    if not isinstance(value, (dict, list)):
        return True
    items = value.values() if isinstance(value, dict) else value
    return levels > 0 and all(_is_nested_within(levels - 1, item) for item in items)


_PARSERS = {
    "state": _state, "progress": _progress, "current": _count, "total": _positive, "advance": _positive,
    "attempt": _attempt, "log": _log, "data": _data, "key": _key
}


def _text(value):
    if not isinstance(value, str):
        raise ValueError("must be a string")
    return _well_formed(value)


def _well_formed(text):
    """Surrogates as characters or, where one is alone, as U+FFFD: it has no UTF-8 form."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if _SURROGATE.search(text) else text


def _bytes(text):
    return text.encode(errors="surrogatepass")


def _json(value):
    """JSON in which no reader sees a line end. ValueError for NaN, TypeError for what JSON has no form for."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_json_number)
    text = _well_formed(text)
    return _LINE_SEPARATOR.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _json_number(value):
    """What is a number, but none of Python's own: Decimal, NumPy's."""
    if isinstance(value, numbers.Integral):
        return int(value)
    try:
        return _number(value)
    except ValueError:
        raise TypeError(f"it holds {_shown(value)}") from None


# ---- Settings ----------------------------------------------------------------------------------------------------------


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


# ---- Connections to Redis ----------------------------------------------------------------------------------------------


class _Nodes:
    """The Redis servers that have the runs: one, the master that sentinels name, or the masters of a cluster."""

    def __init__(self, url):
        self._url = url
        # Some nodes of a cluster, to begin with.
        found = re.fullmatch(r"(\w+://(?:.*@)?)([^/?@]+)(.*)", url)
        hosts = found[2].split(",") if found else []
        self._seeds = [found[1] + host + found[3] for host in hosts] if "+sentinel:" not in url and hosts else [url]
        self._clients = {}  # By URL.
        self._slots = []  # First and last slot, and the client of the master that has them.
        self._is_cluster = None
        self._looked_at = time.monotonic()
        self.database = self._client(self._seeds[0]).connection_pool.connection_kwargs.get("db") or 0

    def _client(self, url):
        if url not in self._clients:
            self._clients[url] = _connect(url)
        return self._clients[url]

    def is_cluster(self):
        if self._is_cluster is None:
            given = os.environ.get("REDIS_CLUSTER")
            self._is_cluster = len(self._seeds) > 1 or given == "1" or (given != "0" and self._says_cluster())
        return self._is_cluster

    def _says_cluster(self):
        if "+sentinel:" in self._url:
            return False
        try:
            reply = self._client(self._url).execute_command("HELLO")
        except redis.ResponseError:
            return False  # It doesn't know the question.
        fields = reply if isinstance(reply, dict) else dict(zip(reply[::2], reply[1::2]))
        return fields.get("mode") == "cluster"

    def of(self, key):
        """The client of the server that has the key."""
        if not self.is_cluster():
            client = self._client(self._url)
            self._look_for_master(client.connection_pool)
            return client
        if not self._slots:
            self._look_for_slots()
        slot = key_slot(_bytes(key))
        for first, last, client in self._slots:
            if first <= slot <= last:
                return client
        raise redis.ConnectionError(f"no node of the cluster has slot {slot}")

    def forget(self):
        """A node of a cluster has failed, or has the slot no more."""
        self._slots = []

    def _look_for_slots(self):
        reason = None
        for url in [*self._clients, *self._seeds]:
            client = self._client(url)
            try:
                ranges = client.execute_command("CLUSTER", "SLOTS")
            except (redis.RedisError, OSError) as error:
                reason = error
                continue
            asked = client.connection_pool.connection_kwargs.get("host")
            self._slots = [
                (first, last, self._client(self._url_at(host or asked, port))) for first, last, (host, port, *_), *_ in ranges
            ]
            return
        raise redis.ConnectionError(f"no node of the cluster answers: {_reason(reason)}")

    def _url_at(self, host, port):
        place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        return re.sub(r"^(\w+://(?:.*@)?)[^/?@]+", lambda found: found[1] + place, self._seeds[0])

    def _look_for_master(self, pool):
        """Sentinels replace a master that goes on answering for seconds, and then forgets what it was told."""
        if not hasattr(pool, "get_master_address") or time.monotonic() < self._looked_at + LOOK_SECONDS:
            return
        self._looked_at = time.monotonic()
        try:
            pool.get_master_address()  # Closes the connection if it is another one.
        except redis.ConnectionError:
            pass  # No sentinel answers. The master that is known may be well.

    def close(self):
        for client in self._clients.values():
            client.connection_pool.disconnect()


def _connect(url):
    # No repeats by redis-py itself: they would hold up whoever flushes.
    options = {"retry": Retry(NoBackoff(), 0), "socket_timeout": ANSWER_SECONDS}
    if not url.startswith("unix:"):
        options.update(socket_connect_timeout=CONNECT_SECONDS, socket_keepalive=True)
    url = re.sub("^valkey", "redis", url)
    if re.match("rediss(:|[+])", url):
        url, checks = _certificate_checks(url)
        options.update(checks)
    if re.match("rediss?[+]sentinel://", url):
        return _connect_to_master(url, options)
    return redis.Redis.from_url(url, **_DECODED, **options)


_DECODED = {"decode_responses": True, "encoding_errors": "replace"}


def _connect_to_master(url, options):
    """redis+sentinel://[user:password@]host:26379,host2:26379/mymaster/0"""
    # Not by urllib, which knows one host only.
    found = re.fullmatch(r"rediss?[+]sentinel://(?:(.*)@)?([^/?@]+)/([^/?]+)(?:/([0-9]*))?(?:[?](.*))?", url)
    hosts = [re.fullmatch(r"(?:\[(.+)\]|([^:]+))(?::([0-9]+))?", host) for host in found[2].split(",")] if found else [None]
    if not all(hosts):
        raise ValueError("it must name sentinels and a master, as redis+sentinel://host:26379,host2:26379/mymaster")
    addresses = [(host[1] or host[2], int(host[3] or 26379)) for host in hosts]
    username, _, password = map(urllib.parse.unquote, (found[1] or "").partition(":"))
    query = dict(urllib.parse.parse_qsl(found[5] or ""))
    if url.startswith("rediss"):
        options["ssl"] = True
    own = {"username": query.get("sentinel_username"), "password": query.get("sentinel_password")}
    asked = {**options, **own, "socket_timeout": CONNECT_SECONDS}
    login = {"username": username or None, "password": password or None, "db": int(found[4] or 0)}
    name = urllib.parse.unquote(found[3])
    return Sentinel(addresses, sentinel_kwargs=asked).master_for(name, **login, **_DECODED, **options)


def _certificate_checks(url):
    """The URL without `ssl_cert_reqs`, and what that says: Celery's spelling is CERT_NONE, redis-py's none."""
    base, _, query = url.partition("?")
    query = urllib.parse.parse_qsl(query, keep_blank_values=True)
    given = [value.lower().replace("cert_", "") for name, value in query if name == "ssl_cert_reqs"]
    rest = urllib.parse.urlencode([pair for pair in query if pair[0] != "ssl_cert_reqs"])
    checks = {"ssl_cert_reqs": given[-1]} if given else {}
    if os.environ.get("REDIS_TLS_INSECURE") == "1" or checks.get("ssl_cert_reqs") == "none":
        checks = {"ssl_cert_reqs": "none", "ssl_check_hostname": False}
    return f"{base}?{rest}" if rest else base, checks


def _reason(error):
    if isinstance(error, (redis.RedisError, OSError)):
        return str(error) or type(error).__name__
    # It might quote the URL, and with it the password.
    return f"{type(error).__name__}: is REDIS_URL right?"


# ---- The ends of processes ---------------------------------------------------------------------------------------------


def _runs_in_event_loop():
    """Other tasks of it would be held up."""
    asyncio = sys.modules.get("asyncio")
    return asyncio is not None and asyncio._get_running_loop() is not None


def _flush_all(**_):
    deadline = time.monotonic() + FLUSH_SECONDS
    for publisher in list(_publishers):
        if not publisher.flush(max(0, deadline - time.monotonic())):
            lost = publisher._unrecorded()
            updates = "update" if lost == 1 else "updates"
            log_to.warning("the process ends, and Redis has not recorded %d %s", lost, updates)


def _hook_ends():
    """Children of Celery's and multiprocessing's pools end without atexit; each has a hook of its own."""
    if _hooked_in.get("process") == os.getpid():
        return
    _hooked_in["process"] = os.getpid()
    if "celery.signals" in sys.modules:
        sys.modules["celery.signals"].worker_process_shutdown.connect(_flush_all, weak=False)
    if "multiprocessing.util" in sys.modules:
        sys.modules["multiprocessing.util"].Finalize(None, _flush_all, exitpriority=100)


def _begin_all():
    _bodies.clear()
    for publisher in list(_publishers):
        publisher._begin()


_publishers = weakref.WeakSet()
_hooked_in = {}
atexit.register(_flush_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_all)


# ---- The record script -------------------------------------------------------------------------------------------------
# Byte for byte the service's src/stores/record.lua, put here by scripts/embed-record.js: one script, one rule.
RECORD_SCRIPT = r"""-- The record rule, for a batch, in one atomic step: fold, take the next id, push, trim, expire, announce. Every publisher
-- runs this script. All is decided before the first write, and after it nothing can fail.
--
-- KEYS      histories
-- ARGV[1]   settings, a line 'name=value' each: history_limit; ttl_ms and finished_ttl_ms, a run's expiry; terminal_states, as
--           ',"END","FAILED",'; channel_prefix: with its key behind it the channel on which a run is announced;
--           publish: the command that does it, PUBLISH, or SPUBLISH in a cluster
-- ARGV[2…]  updates, a line 'name=value' each: history (its place in KEYS), run_id, source, n; and where given state, progress,
--           current, total, advance, attempt, log, data and key (an idempotency key). All but numbers and the source are JSON.
--           want_event=1: the outcome brings the event. silence_ms: a sign of life, a repeat where the run was heard so lately.
--
-- An entry is the event's JSON with a last member, "record". That of the last entry is long: the epochs and sources that
-- the run remembers (' source=n source=n': the highest n of each), and the epochs that set its state, its progress and its
-- data. In all others, and in announcements, it says when the run began, and the key if there is one. An announcement is
-- one or more entries, a line each: what a batch brings for one run goes out together.
--
-- Returns {refusal, outcome…}. `refusal` is '' or says why nothing at all was recorded; then there are no outcomes. An outcome
-- is 'recorded' or {'recorded', event}; 'repeat' of a name, {'repeat', event} of a key, with the first one's event; 'stale', of an
-- epoch older than the remembered ones; 'superseded' by a higher attempt; {'rejected', reason}: Redis refuses this run alone.
local MOST_SOURCES, MOST_EPOCHS = 256, 32
local MOST_COUNTED = 999999999999999
local RECORD = ',"record":{"started":'

local function lines(text)
  -- Room for what an update mostly has, so that the table need not grow.
  local values = {history = nil, run_id = nil, source = nil, n = nil, state = nil, progress = nil, log = nil}
  for name, value in string.gmatch(text, '([%l_]+)=([^\n]*)') do values[name] = value end
  return values
end

local settings = lines(ARGV[1])
local history_limit = tonumber(settings.history_limit)
local publish = settings.publish or 'PUBLISH'
local time = redis.call('TIME')
local ts = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local clock = time[1] * 1000000 + time[2]

-- Takes over what the last entry says, as text: data and numbers never pass through a JSON decoder. Where others have removed
-- entries the last one may have a short record: then the run goes on, without the names.
local function read(run, entry)
  if string.sub(entry, 1, #run.prefix) ~= run.prefix then return false end
  local id, heard, state, progress, counters = string.match(entry,
    '^(%d+),"ts":(%d+),"state":(.-),"progress":([^,]+)(.-),"message":', #run.prefix + 1)
  local at
  local next_at = string.find(entry, RECORD, 1, true)
  while next_at do
    at, next_at = next_at, string.find(entry, RECORD, next_at + 1, true)
  end
  if not id or not at then return false end
  local started, rest = string.match(entry, '^(%d+)(.*)}}$', at + #RECORD)
  if not started then return false end
  local of_state, of_progress, of_data, epochs, sources, key = string.match(rest,
    '^,"set":"(%d+) (%d+) (%d+)","epochs":"([^"]*)","sources":"([^"]*)"(.*)$')
  key = key or rest
  if not (key == '' or string.find(key, '^,"key":".*"$')) then return false end
  if of_state then
    run.of_state, run.of_progress, run.of_data = tonumber(of_state), tonumber(of_progress), tonumber(of_data)
    run.epochs, run.sources = epochs, sources
  end
  run.id, run.heard, run.state, run.progress, run.started = tonumber(id), heard, state, progress, started
  run.counters = counters
  if counters ~= '' then
    run.current, run.total = string.match(counters, ',"current":([%d.]+)'), string.match(counters, ',"total":([%d.]+)')
    run.attempt = string.match(counters, ',"attempt":(%d+)')
  end
  run.last = string.sub(entry, 1, at - 1) .. RECORD .. started .. key .. '}}'
  return true
end

-- A run's values; its array part is what this batch adds to the history. `foreign` counts entries at the list's end that are
-- not ours, or torn: they can't be followed, so they go.
local function open_run(key, run_id)
  local run = {key = key, channel = settings.channel_prefix .. key, prefix = '{"type":"progress","run_id":' .. run_id .. ',"id":',
    id = clock - 1, started = string.format('%.0f', clock), state = 'null', progress = 'null', epochs = '', sources = '',
    of_state = 0, of_progress = 0, of_data = 0, foreign = 0}
  local entry = redis.pcall('LINDEX', key, -1)
  while type(entry) == 'string' and not read(run, entry) do
    run.foreign = run.foreign + 1
    entry = redis.pcall('LINDEX', key, -1 - run.foreign)
  end
  if type(entry) == 'table' then run.fault = entry.err end
  return run
end

-- The event of an entry.
local function event_of(entry)
  return (string.gsub(entry, '^(.*),"record":{.*$', '%1}'))
end

-- The first entry of a run that bears an idempotency key. The history is read once, and only for such an update.
local function bearer(run, key)
  if not run.bearers then
    run.bearers = {}
    for _, entry in ipairs(redis.call('LRANGE', run.key, 0, -1)) do
      -- A match within `data` holds bare quotes, and a key's own are escaped: it equals none.
      local borne = string.match(entry, '^.*,"key":(".*")}}$')
      if borne and not run.bearers[borne] then run.bearers[borne] = entry end
    end
  end
  return run.bearers[key]
end

-- The n that a list ' source=n source=n' has for a source, 0 for none, and the list without it.
local function take(list, source)
  local start, stop = string.find(list, ' ' .. source .. '=', 1, true)
  if not start then return 0, list end
  local n = string.match(list, '^%d+', stop + 1)
  return tonumber(n), string.sub(list, 1, start - 1) .. string.sub(list, stop + 1 + #n)
end

local function most_of(list, most)
  local _, count = string.gsub(list, '=', '=')
  return count > most and string.match(list, '^(.*) ') or list
end

-- The list with the name put in, or nil and the outcome. Those that spoke last come first.
local function with_source(list, source, n)
  local seen, others = take(list, source)
  if tonumber(n) <= seen then return nil, 'repeat' end
  list = ' ' .. source .. '=' .. n .. others
  return seen > 0 and list or most_of(list, MOST_SOURCES)
end

-- The same for epochs, the newest first: what falls out of the list is the oldest, and one that is older still is known to be.
local function with_epoch(list, epoch, n)
  local seen, others = take(list, epoch)
  if tonumber(n) <= seen then return nil, 'repeat' end
  local place, at = 0, #others + 1
  for start, other in string.gmatch(others, '() (%d+)=') do
    place = place + 1
    if tonumber(other) < tonumber(epoch) then
      place, at = place - 1, start
      break
    end
  end
  if place >= MOST_EPOCHS then return nil, 'stale' end
  return most_of(string.sub(others, 1, at - 1) .. ' ' .. epoch .. '=' .. n .. string.sub(others, at), MOST_EPOCHS)
end

-- As JSON text of 15 significant digits, in which sums of decimals are exact: forty times 0.1 is 4.
local function decimal(number)
  local text = string.format('%.15g', number)
  if not string.find(text, 'e', 1, true) then return text end
  return (string.gsub(string.format('%.18f', number), '%.?0+$', ''))
end

local function counters_of(run)
  run.counters = (run.current and ',"current":' .. run.current or '') .. (run.total and ',"total":' .. run.total or '')
    .. (run.attempt and ',"attempt":' .. run.attempt or '')
  return run.counters
end

local function count(run, update)
  run.counters = nil
  if update.total then run.total = decimal(tonumber(update.total)) end
  local current = tonumber(update.current or run.current or 0) + tonumber(update.advance or 0)
  run.current = decimal(math.min(current, MOST_COUNTED))
  if run.total then run.progress = decimal(math.min(tonumber(run.current) / tonumber(run.total), 1)) end
end

-- Puts the update's values into the run. What an older epoch says late sets only what nothing newer has set.
local function set(run, update, epoch)
  local attempt = tonumber(update.attempt or -1)
  if attempt > tonumber(run.attempt or -1) then
    run.attempt, run.state, run.progress, run.current, run.total = update.attempt, 'null', 'null', nil, nil
    run.of_state, run.of_progress, run.counters = 0, 0, nil
  end
  if update.state and epoch >= run.of_state then run.state, run.of_state = update.state, epoch end
  if epoch >= run.of_progress then
    if update.progress then run.progress = update.progress end
    if update.current or update.total or update.advance then count(run, update) end
    -- An addition has no order: it is newer than nothing.
    if update.progress or update.current or update.total then run.of_progress = epoch end
  end
  local data = ''
  if update.data and epoch >= run.of_data then data, run.of_data = ',"data":' .. update.data, epoch end
  return data
end

-- Whether a sign of life says no more than what was heard lately.
local function is_heard(run, update)
  if not update.silence_ms or not run.heard or tonumber(update.attempt or -1) > tonumber(run.attempt or -1) then return false end
  local silence = ts - run.heard -- Below 0 where the clock was set back.
  return silence >= 0 and silence < tonumber(update.silence_ms)
end

-- The entry that follows, with a short record, or nil and the outcome.
local function fold(run, update)
  local source, key = update.source, update.key
  local first = key and bearer(run, key)
  if first then return nil, {'repeat', event_of(first)} end
  local is_raw = string.find(source, '^%d')
  local list, outcome
  if is_raw then
    list, outcome = with_epoch(run.epochs, source, update.n)
  else
    list, outcome = with_source(run.sources, source, update.n)
  end
  if not list then return nil, outcome end
  if update.attempt and tonumber(update.attempt) < tonumber(run.attempt or 0) then return nil, 'superseded' end
  if is_heard(run, update) then return nil, 'repeat' end
  if is_raw then run.epochs = list else run.sources = list end
  -- What has no epoch counts as of the run's newest.
  local data = set(run, update, tonumber(is_raw and source or string.match(run.epochs, '%d+') or 0))
  run.id, run.heard = run.id + 1, ts
  run.done = string.find(settings.terminal_states, ',' .. run.state .. ',', 1, true)
  run.tail = RECORD .. run.started .. (key and ',"key":' .. key or '') .. '}}'
  local entry = run.prefix .. string.format('%.0f', run.id) .. ',"ts":' .. ts .. ',"state":' .. run.state .. ',"progress":'
    .. run.progress .. (run.counters or counters_of(run)) .. ',"message":' .. (update.log or '""') .. data
    .. (run.done and ',"done":true' or '') .. run.tail
  if key then run.bearers[key] = entry end
  return entry
end

local function long_entry(run, entry)
  return string.sub(entry, 1, -1 - #run.tail) .. RECORD .. run.started .. string.format(',"set":"%.0f %.0f %.0f","epochs":"',
    run.of_state, run.of_progress, run.of_data) .. run.epochs .. '","sources":"' .. run.sources .. '"'
    .. string.sub(run.tail, 1 + #RECORD + #run.started)
end

-- Why this user may not run a command, or nil.
local function missing_right(command, ...)
  if redis.acl_check_cmd then
    if redis.acl_check_cmd(command, ...) then return nil end
    return 'NOPERM this Redis user may not run ' .. command .. ' on ' .. (...)
  end
  -- Redis 6 can't be asked: an empty announcement, which is none, finds out.
  local reply = command == publish and redis.pcall(command, ...)
  return type(reply) == 'table' and reply.err or nil
end

local outcomes, runs, order = {''}, {}, {}
for i = 2, #ARGV do
  local update = lines(ARGV[i])
  local run = runs[update.history]
  if not run then
    run = open_run(KEYS[tonumber(update.history)], update.run_id)
    runs[update.history], order[#order + 1] = run, run
  end
  -- A key of another type is this run's own fault; all else that can be wrong is wrong for every run.
  if run.fault and string.sub(run.fault, 1, 9) ~= 'WRONGTYPE' then return {run.fault} end
  local entry, outcome
  if run.fault then outcome = {'rejected', run.fault} else entry, outcome = fold(run, update) end
  if entry then
    run[#run + 1] = entry
    outcome = update.want_event and {'recorded', event_of(entry)} or 'recorded'
  end
  outcomes[i] = outcome
end

local function missing_rights()
  local key, missing = KEYS[1], nil
  for _, run in ipairs(order) do missing = missing or run[1] and missing_right(publish, run.channel, '') end
  return missing or missing_right('RPUSH', key, '') or missing_right('LSET', key, 0, '') or missing_right('LTRIM', key, 0, 0)
    or missing_right('PEXPIRE', key, 1)
end

-- Whether it takes writes (its memory, its disk, its role) Redis judges at a script's first one.
local write = redis.pcall
local missing = missing_rights()
if missing then return {missing} end
for _, run in ipairs(order) do
  if run[1] then
    local announcement = table.concat(run, '\n')
    run[#run] = long_entry(run, run[#run])
    if run.foreign > 0 then
      local reply = write('LTRIM', run.key, 0, -1 - run.foreign)
      if reply.err then return {reply.err} end
      write = redis.call
    end
    local length = write('RPUSH', run.key, unpack(run))
    if type(length) == 'table' then return {length.err} end
    write = redis.call
    if run.last then write('LSET', run.key, -1 - #run, run.last) end
    if length > history_limit then write('LTRIM', run.key, -history_limit, -1) end
    write('PEXPIRE', run.key, run.done and settings.finished_ttl_ms or settings.ttl_ms)
    write(publish, run.channel, announcement)
  end
end
return outcomes
"""
RECORD_SHA = hashlib.sha1(RECORD_SCRIPT.encode()).hexdigest()
