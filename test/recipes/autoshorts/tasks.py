"""Makes videos."""
import json
import os

import redis
from celery import Celery

app = Celery("videos", broker=os.environ["REDIS_URL"])
app.conf.task_ignore_result = True
redis_client = redis.Redis.from_url(os.environ["REDIS_URL"])


def publish_progress(run_id, state=None, progress=None, log=None):
    message = {"run_id": run_id, "state": state, "progress": progress, "log": log}
    message = {name: value for name, value in message.items() if value is not None}
    redis_client.publish("autoshorts:progress", json.dumps(message))


@app.task
def make_video(run_id):
    publish_progress(run_id, state="PLOT_GENERATION", progress=0.10, log="플롯 생성 시작: 프롬프트 분석 중...")
    publish_progress(run_id, progress=0.15, log="시나리오 CSV 생성 완료")
    publish_progress(run_id, state="RENDERING", progress=0.75, log="렌더링 단계 시작")
    publish_progress(run_id, state="END", progress=1.0, log="영상 생성 완료! 🎉")
