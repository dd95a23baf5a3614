import sys
import time

import requests

from sse import Reader

reader = Reader()
while not reader.done:
    try:
        with requests.get(sys.argv[1], headers=reader.headers(), stream=True, timeout=(5, 40)) as response:
            response.raise_for_status()
            reader.begin()
            for line in response.iter_lines(decode_unicode=True):
                reader.line(line)
    except requests.RequestException:
        pass
    if not reader.done:
        time.sleep(0.5)
print("done")
