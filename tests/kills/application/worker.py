"""Works until it is told to stop."""

import signal
import time

signal.signal(signal.SIGTERM, lambda *_: exit(0))
print("takes jobs", flush=True)
while True:
    time.sleep(1)
