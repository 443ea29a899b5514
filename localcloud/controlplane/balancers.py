"""Load balancers made real: an address for each, listeners only where one can listen, and no condition that
would not be carried out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from moto.elbv2.exceptions import DuplicateListenerError, ELBClientError
from moto.elbv2.models import ELBv2Backend

from localcloud.addresses import AddressPool, cannot_listen
from localcloud.controlplane.hooks import Hook, after
from localcloud.controlplane.routing import ACTIONS_DONE, CONDITIONS_DONE

CREATE = "name security_groups subnet_ids subnet_mappings scheme loadbalancer_type ip_address_type tags"
LISTENER = "load_balancer_arn protocol port ssl_policy certificate actions alpn_policy tags"


class Balancers:
    def __init__(self, pool: AddressPool, on_log: Callable[[str], None]) -> None:
        self._pool = pool
        self._log = on_log

    def hooks(self) -> tuple[Hook, ...]:
        backend = ELBv2Backend
        return (
            Hook(backend, "create_load_balancer", tuple(CREATE.split()), after(self._created)),
            Hook(backend, "delete_load_balancer", ("arn",), self._delete),
            Hook(backend, "create_listener", tuple(LISTENER.split()), _create_listener),
            Hook(backend, "_validate_conditions", ("conditions",), after(_refuse_conditions)),
            Hook(backend, "_validate_actions", ("actions",), after(_refuse_actions)),
        )

    def _created(self, balancer: Any, _backend: Any, *_args: Any, **_kwargs: Any) -> None:
        balancer.dns_name = self._pool.take(balancer.name)
        self._log(f"load balancer {balancer.name} created at {balancer.dns_name}")

    def _delete(self, original: Callable[..., None], backend: Any, arn: str) -> None:
        balancer = backend.load_balancers.get(arn)
        original(backend, arn)
        if balancer is not None:
            self._pool.release(balancer.dns_name)
            self._log(f"load balancer {balancer.name} deleted")


def _create_listener(original: Callable[..., Any], backend: Any, **asked: Any) -> Any:
    protocol, port = asked["protocol"], asked["port"]
    balancer = backend.load_balancers.get(asked["load_balancer_arn"])
    if balancer is not None:
        if protocol != "HTTP":
            raise ELBClientError(
                "UnsupportedProtocol", f"the local cloud's listeners speak HTTP, not {protocol}"
            )
        # moto keeps listeners by ARN and looks for the port among the ARNs.
        if any(int(listener.port) == int(port) for listener in balancer.listeners.values()):
            raise DuplicateListenerError()
        refused = cannot_listen(balancer.dns_name, int(port))
        if refused:
            raise ELBClientError(
                "InvalidConfigurationRequest",
                f"nothing can listen on {balancer.dns_name}:{port} here: {refused}",
            )
    return original(backend, **asked)


def _refuse_conditions(_result: None, _backend: Any, conditions: Iterable[dict[str, Any]]) -> None:
    for condition in conditions:
        if condition.get("Field") not in CONDITIONS_DONE:
            raise ELBClientError(
                "InvalidConfigurationRequest",
                f"the local cloud's rules decide by {', '.join(CONDITIONS_DONE)}; not {condition.get('Field')}",
            )


def _refuse_actions(_result: None, _backend: Any, actions: Iterable[Any]) -> None:
    for action in actions:
        if action.type not in ACTIONS_DONE:
            raise ELBClientError(
                "InvalidConfigurationRequest",
                f"the local cloud's rules do {', '.join(ACTIONS_DONE)}; not {action.type}",
            )
