import sys
import time

import httpx

from sse import Reader

reader = Reader()
while not reader.done:
    try:
        with httpx.stream("GET", sys.argv[1], headers=reader.headers(), timeout=httpx.Timeout(5, read=40)) as response:
            response.raise_for_status()
            reader.begin()
            for line in response.iter_lines():
                reader.line(line.rstrip("\r\n"))
    except httpx.HTTPError:
        pass
    if not reader.done:
        time.sleep(0.5)
print("done")
