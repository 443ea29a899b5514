"""Do Pulumi's hosts answer? Told in a few seconds, whatever the network does."""

from __future__ import annotations

import queue
import threading
import time
import urllib.error
import urllib.request
from http.client import HTTPException

from localcloud.engine.choice import Network

URL = "https://get.pulumi.com/install.sh"
"""The host that serves the installer, the CLI and the plugins."""

LIMIT = 3.0


def probe(url: str = URL, limit: float = LIMIT) -> Network:
    """Asks for the installer's head, through the proxy that the environment names, for at most `limit` seconds.

    A name that does not resolve, a closed port, a black hole, a broken certificate and a proxy that refuses all
    read as 'not reachable' with what was seen.
    """
    host = url.split("/")[2]
    began = time.monotonic()
    answers: queue.SimpleQueue[Network] = queue.SimpleQueue()
    # A thread, because resolving a name knows no time-out.
    threading.Thread(target=lambda: answers.put(_ask(url, host, limit)), daemon=True).start()
    try:
        return answers.get(timeout=max(0.0, limit - (time.monotonic() - began)))
    except queue.Empty:
        return Network(False, f"{host} did not answer within {limit:g} s")


def _ask(url: str, host: str, limit: float) -> Network:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=limit) as answer:
            return Network(True, f"{host} answers ({answer.status})")
    except urllib.error.HTTPError as error:
        return Network(False, f"{host} answers {error.code} {error.reason}")
    except urllib.error.URLError as error:
        return Network(False, f"{host} is not reachable ({error.reason})")
    except (OSError, HTTPException) as error:
        return Network(False, f"{host} is not reachable ({error or type(error).__name__})")
