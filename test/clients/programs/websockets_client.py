import asyncio
import json
import sys

import websockets


async def main(url):
    cursor, done, is_ready = 0, False, False
    while not done:
        try:
            async with websockets.connect(f"{url}?last_event_id={cursor}", max_size=None) as socket:
                if not is_ready:
                    print("ready", flush=True)
                is_ready = True
                async for text in socket:
                    message = json.loads(text)
                    cursor, done = message["id"], message.get("done", False)
                    print(message["type"], message["id"], message.get("message", ""), flush=True)
                    if done:
                        return
        except (OSError, websockets.WebSocketException, asyncio.TimeoutError):
            pass
        await asyncio.sleep(0.5)


asyncio.run(main(sys.argv[1]))
print("done")
