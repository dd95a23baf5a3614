"""Enqueues the task: python3 enqueue.py RUN_ID STAGES_AS_JSON"""
import json
import sys

from tasks import make_video

make_video.delay(sys.argv[1], json.loads(sys.argv[2]))
