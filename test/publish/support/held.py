# A task that lets nobody else run: held.py threads|gevent|eventlet. It reports two stages, and looks after each how
# many updates Redis has, without letting go of the interpreter.
import ctypes
import os
import sys

if sys.argv[1] == "gevent":
    import gevent.monkey

    gevent.monkey.patch_all()
elif sys.argv[1] == "eventlet":
    import eventlet

    eventlet.monkey_patch()

import publish_progress as module

module.FIRST_SECONDS = 60  # Tests run on busy machines.
sys.setswitchinterval(3600)  # A thread gets its turn when another one waits, and not before.
system = ctypes.PyDLL(None).system  # Calls in which the interpreter's lock is held.
for state in ("LOADING", "SORTING"):
    module.publish_progress("r", state=state)
    system(f"redis-cli -u {os.environ['REDIS_URL']} llen autoshorts:run:r".encode())
