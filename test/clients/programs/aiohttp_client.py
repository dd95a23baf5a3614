import asyncio
import sys

import aiohttp

from sse import Reader


async def main(url):
    reader = Reader()
    timeout = aiohttp.ClientTimeout(total=None, connect=5, sock_read=40)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        while not reader.done:
            try:
                async with session.get(url, headers=reader.headers(), raise_for_status=True) as response:
                    reader.begin()
                    async for line in response.content:
                        reader.line(line.decode().rstrip("\n"))
            except (aiohttp.ClientError, asyncio.TimeoutError):
                pass
            if not reader.done:
                await asyncio.sleep(0.5)


asyncio.run(main(sys.argv[1]))
print("done")
