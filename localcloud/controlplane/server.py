"""AWS's API on a port of this machine: moto's application, with what stands before it, in threads of this
process."""

from __future__ import annotations

import logging
import threading
from contextlib import AbstractContextManager

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from localcloud.controlplane.front import Follower, Front, HungUp
from localcloud.faults import FaultBoard

ADDRESS = "127.0.0.1"
"""By address: with a name, S3's clients put the bucket before it, which no resolver knows."""
SERVICES_AT_START = ("ec2", "elasticloadbalancing", "autoscaling", "s3", "iam", "sts", "ssm", "monitoring")
"""As their calls are signed."""

_log = logging.getLogger(__name__)


class Handler(MotoRequestHandler):
    """moto's, which tells why an answer did not reach its client: that may send the call again."""

    def connection_dropped(self, error: BaseException, *_: object) -> None:
        # What else the client has sent is no other request.
        self.close_connection = True
        if not isinstance(error, HungUp):
            asked = getattr(self, "requestline", "a call")
            _log.warning("%s has not had its answer: %s: %s", asked, type(error).__name__, error)


class ApiServer:
    """Listens when constructed, on `preferred_port` if that is free, else on any; answers after `start`."""

    def __init__(self, board: FaultBoard, follower: Follower, region: str, preferred_port: int = 0) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._front = Front(self._moto, board, follower, region)
        self._server = None
        self._region = region
        for port in dict.fromkeys((preferred_port, 0)):
            try:
                self._server = make_server(ADDRESS, port, self._front, threaded=True, request_handler=Handler)
                break
            except (OSError, SystemExit):
                continue
        assert self._server is not None
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="api", daemon=True
        )

    @property
    def endpoint(self) -> str:
        assert self._server is not None
        return f"http://{ADDRESS}:{self._server.server_port}"

    @property
    def changes(self) -> int:
        """Another number after every change that is worth keeping."""
        return self._front.changes

    def at_rest(self) -> AbstractContextManager[None]:
        """Inside, no call changes anything: those under way have ended, others wait."""
        return self._front.gate.closed()

    def start(self) -> None:
        self._thread.start()

    def warm(self) -> None:
        """Load the services that every program uses, so that their first call is as fast as the others."""
        for signing_name in SERVICES_AT_START:
            service = self._moto.get_backend_for_host(f"{signing_name}.{self._region}.amazonaws.com")
            self._moto.app_instances[service] = create_backend_app(service)

    def close(self) -> None:
        """Stop answering and free the port."""
        assert self._server is not None
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
