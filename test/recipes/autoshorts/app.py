"""Starts videos, and shows how far they are."""
import asyncio
import json
import os

import redis.asyncio as redis
from fastapi import FastAPI, HTTPException, WebSocket, WebSocketDisconnect

from tasks import make_video

app = FastAPI()
runs = {}
connections = {}


@app.post("/videos/{run_id}")
def start(run_id: str):
    make_video.delay(run_id)
    return {"run_id": run_id}


async def redis_listener():
    pubsub = redis.from_url(os.environ["REDIS_URL"]).pubsub()
    await pubsub.subscribe("autoshorts:progress")
    async for message in pubsub.listen():
        if message["type"] == "message":
            await update(json.loads(message["data"]))


async def update(data):
    run = runs.setdefault(data["run_id"], {"state": None, "progress": None, "logs": []})
    run.update({name: data[name] for name in ("state", "progress") if name in data})
    if "log" in data:
        run["logs"].append(data["log"])
    message = {"type": "progress", "run_id": data["run_id"], "state": data.get("state")}
    message.update(progress=data.get("progress"), message=data.get("log", ""))
    for websocket in list(connections.get(data["run_id"], [])):
        try:
            await websocket.send_json(message)
        except Exception:
            connections[data["run_id"]].remove(websocket)


@app.on_event("startup")
async def start_listener():
    app.state.listener = asyncio.create_task(redis_listener())


@app.websocket("/ws/{run_id}")
async def progress_socket(websocket: WebSocket, run_id: str):
    await websocket.accept()
    connections.setdefault(run_id, []).append(websocket)
    if run_id in runs:
        await websocket.send_json({"type": "initial_state", **runs[run_id]})
    try:
        while True:
            if (await websocket.receive_json()).get("type") == "ping":
                await websocket.send_json({"type": "pong"})
    except WebSocketDisconnect:
        connections[run_id].remove(websocket)


@app.get("/api/runs/{run_id}")
def run_state(run_id: str):
    if run_id not in runs:
        raise HTTPException(404)
    return runs[run_id]
