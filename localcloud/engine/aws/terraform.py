"""Terraform's side of the bridge: a method for each call of the plugin protocol, plain values in and out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import grpc

from localcloud.engine.aws.child import Child
from localcloud.engine.aws.errors import OperationError, ProviderBrokenError
from localcloud.engine.aws.tfprotocol import CALLS, MESSAGES
from localcloud.engine.aws.unknown import Tree
from localcloud.engine.aws.wire import decode, encode

Step: TypeAlias = str | int
Path: TypeAlias = tuple[Step, ...]

_LARGEST_MESSAGE = 256 << 20
_TERRAFORM_VERSION = "1.11.4"
_CAPABILITIES = {"deferral_allowed": False, "write_only_attributes_allowed": True}


@dataclass(frozen=True)
class Diagnostic:
    """What the provider has to say; `path` is Terraform's path in the resource, () for the whole of it."""

    error: bool
    text: str
    path: Path = ()


@dataclass(frozen=True)
class State:
    """`value` is None where there is no such resource."""

    value: Tree | None
    private: bytes
    diagnostics: tuple[Diagnostic, ...]


@dataclass(frozen=True)
class Planned(State):
    replace: tuple[Path, ...] = ()


def errors(diagnostics: Sequence[Diagnostic]) -> tuple[str, ...]:
    return tuple(diagnostic.text for diagnostic in diagnostics if diagnostic.error)


def raise_errors(diagnostics: Sequence[Diagnostic]) -> None:
    said = errors(diagnostics)
    if said:
        raise OperationError("\n".join(said))


class Terraform:
    """A connection to the child. Calls may come from many threads at once."""

    def __init__(self, child: Child) -> None:
        self._child = child
        self._channel = grpc.insecure_channel(
            child.address(),
            options=[
                ("grpc.max_receive_message_length", _LARGEST_MESSAGE),
                ("grpc.max_send_message_length", _LARGEST_MESSAGE),
            ],
        )
        self._calls = {
            name: self._channel.unary_unary(
                f"/tfplugin5.Provider/{name}",
                request_serializer=MESSAGES[request].SerializeToString,
                response_deserializer=MESSAGES[response].FromString,
            )
            for name, (request, response) in CALLS.items()
        }

    def _call(self, name: str, **fields: Any) -> Any:
        request = MESSAGES[CALLS[name][0]](**fields)
        try:
            return self._calls[name](request, wait_for_ready=self._child.process.poll() is None)
        except grpc.RpcError as error:
            status = self._child.process.poll()
            ended = f"it ended with status {status}. " if status is not None else ""
            detail = error.details() if isinstance(error, grpc.Call) else str(error)
            raise ProviderBrokenError(
                f"{self._child.provider.label} did not answer {name}: {ended}{self._child.last_words()}"
                f"({detail}). What it was doing is not recorded; run `pulumi refresh`, then `pulumi up`."
            ) from error

    def schemas(self) -> Any:
        return self._call("GetSchema")

    def configure(self, config: Tree) -> tuple[Diagnostic, ...]:
        prepared = self._call("PrepareProviderConfig", config=encode(config))
        said = _diagnostics(prepared)
        if errors(said):
            return said
        answer = self._call(
            "Configure",
            terraform_version=_TERRAFORM_VERSION,
            config=prepared.prepared_config,
            client_capabilities=_CAPABILITIES,
        )
        return said + _diagnostics(answer)

    def validate(self, kind: str, config: Tree) -> tuple[Diagnostic, ...]:
        return _diagnostics(
            self._call(
                "ValidateResourceTypeConfig",
                type_name=kind,
                config=encode(config),
                client_capabilities=_CAPABILITIES,
            )
        )

    def upgrade(self, kind: str, version: int, state: Tree) -> State:
        raw = {"json": json.dumps(state).encode()}
        answer = self._call("UpgradeResourceState", type_name=kind, version=version, raw_state=raw)
        return State(decode(answer.upgraded_state), b"", _diagnostics(answer))

    def plan(
        self, kind: str, prior: Tree | None, proposed: Tree | None, config: Tree | None, private: bytes
    ) -> Planned:
        answer = self._call(
            "PlanResourceChange",
            type_name=kind,
            prior_state=encode(prior),
            proposed_new_state=encode(proposed),
            config=encode(config),
            prior_private=private,
        )
        return Planned(
            decode(answer.planned_state),
            answer.planned_private,
            _diagnostics(answer),
            tuple(_path(path) for path in answer.requires_replace),
        )

    def apply(
        self, kind: str, prior: Tree | None, planned: Tree | None, config: Tree | None, private: bytes
    ) -> State:
        answer = self._call(
            "ApplyResourceChange",
            type_name=kind,
            prior_state=encode(prior),
            planned_state=encode(planned),
            config=encode(config),
            planned_private=private,
        )
        return State(decode(answer.new_state), answer.private, _diagnostics(answer))

    def read(self, kind: str, state: Tree, private: bytes) -> State:
        answer = self._call("ReadResource", type_name=kind, current_state=encode(state), private=private)
        return State(decode(answer.new_state), answer.private, _diagnostics(answer))

    def import_(self, kind: str, identity: str) -> State:
        """The state of the imported resource of this type; others that come along are left out."""
        answer = self._call("ImportResourceState", type_name=kind, id=identity)
        for imported in answer.imported_resources:
            if imported.type_name == kind:
                return State(decode(imported.state), imported.private, _diagnostics(answer))
        return State(None, b"", _diagnostics(answer))

    def read_data(self, kind: str, config: Tree) -> State:
        checked = self._call("ValidateDataSourceConfig", type_name=kind, config=encode(config))
        said = _diagnostics(checked)
        if errors(said):
            return State(None, b"", said)
        answer = self._call("ReadDataSource", type_name=kind, config=encode(config))
        return State(decode(answer.state), b"", said + _diagnostics(answer))

    def stop(self) -> None:
        """Ask that running operations end soon; they answer with what they have reached."""
        self._call("Stop")


def _diagnostics(answer: Any) -> tuple[Diagnostic, ...]:
    return tuple(
        Diagnostic(said.severity == 1, _text(said.summary, said.detail), _path(said.attribute))
        for said in answer.diagnostics
    )


def _text(summary: str, detail: str) -> str:
    return f"{summary}: {detail}" if detail and detail != summary else summary


def _path(message: Any) -> Path:
    return tuple(getattr(step, step.WhichOneof("selector")) for step in message.steps)
