"""Pulumi's side of the bridge: the provider protocol, translated to and from plain values."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from localcloud.engine.aws import configuration
from localcloud.engine.aws.autonames import Autonaming
from localcloud.engine.aws.catalog import Kind
from localcloud.engine.aws.checks import Failure
from localcloud.engine.aws.engine import Engine
from localcloud.engine.aws.resources import Verdict, Warn
from localcloud.engine.aws.session import Session
from localcloud.engine.aws.telling import told
from localcloud.engine.aws.values import from_struct, to_struct


def sdk_version() -> str:
    """The version of Pulumi's AWS SDK that is installed, which is the plugin's version for the engine."""
    return version("pulumi-aws")


class Bridge(provider_pb2_grpc.ResourceProviderServicer):
    """Calls come from many threads at once."""

    def __init__(self, session: Session, engine: Engine) -> None:
        self._session = session
        self._engine = engine

    def _kind(self, request: Any) -> Kind:
        kind = request.type or request.urn.split("::")[2].rpartition("$")[2]
        return self._session.catalog.resource(kind)

    def _warn(self, request: Any) -> Warn:
        return functools.partial(self._engine.warn, urn=request.urn)

    def Handshake(
        self, request: provider_pb2.ProviderHandshakeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ProviderHandshakeResponse:
        return provider_pb2.ProviderHandshakeResponse(supports_autonaming_configuration=True)

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=sdk_version())

    def GetSchema(
        self, request: provider_pb2.GetSchemaRequest, context: grpc.ServicerContext
    ) -> provider_pb2.GetSchemaResponse:
        """Only what the engine needs to know it by: programs have their types from the SDK."""
        return provider_pb2.GetSchemaResponse(schema=json.dumps({"name": "aws", "version": sdk_version()}))

    @told
    def CheckConfig(
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        session = self._session
        wrong = configuration.failures(session.catalog.provider, from_struct(request.news), session.provider)
        return provider_pb2.CheckResponse(inputs=request.news, failures=_failures(wrong))

    @told
    def DiffConfig(
        self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        names = configuration.changed(from_struct(request.old_inputs), from_struct(request.news))
        return provider_pb2.DiffResponse(changes=_some(bool(names)), diffs=names)

    @told
    def Configure(
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        arguments = from_struct(request.args)
        if not arguments:
            arguments = {name.rpartition(":")[2]: value for name, value in request.variables.items()}
        self._session.configure(arguments)
        # The engine unwraps secrets on the way in and marks what came from them on the way out.
        return provider_pb2.ConfigureResponse(supportsPreview=True, supports_autonaming_configuration=True)

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        self._session.terraform.stop()
        return empty_pb2.Empty()

    @told
    def Check(
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        inputs, wrong = self._session.resources.check(
            self._kind(request),
            from_struct(request.olds),
            from_struct(request.news),
            _naming(request),
            self._warn(request),
        )
        return provider_pb2.CheckResponse(inputs=to_struct(inputs), failures=_failures(wrong))

    @told
    def Diff(
        self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        verdict = self._session.resources.diff(
            self._kind(request),
            from_struct(request.olds),
            from_struct(request.news),
            request.ignoreChanges,
            self._warn(request),
        )
        return _diff_response(verdict)

    @told
    def Create(
        self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CreateResponse:
        identity, properties = self._session.resources.create(
            self._kind(request),
            request.name or request.urn.rpartition("::")[2],
            from_struct(request.properties),
            request.timeout,
            request.preview,
            self._warn(request),
        )
        return provider_pb2.CreateResponse(id=identity, properties=to_struct(properties))

    @told
    def Read(
        self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ReadResponse:
        reading = self._session.resources.read(
            self._kind(request),
            request.id,
            from_struct(request.properties),
            from_struct(request.inputs),
            self._warn(request),
        )
        return provider_pb2.ReadResponse(
            id=reading.identity,
            properties=to_struct(reading.properties or {}),
            inputs=to_struct(reading.inputs or {}),
        )

    @told
    def Update(
        self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.UpdateResponse:
        properties = self._session.resources.update(
            self._kind(request),
            request.id,
            from_struct(request.olds),
            from_struct(request.news),
            request.ignoreChanges,
            request.timeout,
            request.preview,
            self._warn(request),
        )
        return provider_pb2.UpdateResponse(properties=to_struct(properties))

    @told
    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        self._session.resources.delete(
            self._kind(request), from_struct(request.properties), request.timeout, self._warn(request)
        )
        return empty_pb2.Empty()

    @told
    def Invoke(
        self, request: provider_pb2.InvokeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.InvokeResponse:
        session = self._session
        result, wrong = session.functions.invoke(
            session.catalog.function(request.tok), from_struct(request.args)
        )
        response = provider_pb2.InvokeResponse(failures=_failures(wrong))
        getattr(response, "return").CopyFrom(to_struct(result))
        return response


def _naming(request: provider_pb2.CheckRequest) -> Autonaming:
    name = request.name or request.urn.rpartition("::")[2]
    if not request.HasField("autonaming"):
        return Autonaming(name, request.randomSeed)
    options = request.autonaming
    disabled = options.mode == provider_pb2.CheckRequest.AutonamingOptions.Mode.DISABLE
    return Autonaming(name, request.randomSeed, options.proposed_name, disabled)


def _failures(wrong: Iterable[Failure]) -> list[provider_pb2.CheckFailure]:
    return [provider_pb2.CheckFailure(property=fault.property, reason=fault.reason) for fault in wrong]


def _some(changes: bool) -> provider_pb2.DiffResponse.DiffChanges.ValueType:
    return provider_pb2.DiffResponse.DIFF_SOME if changes else provider_pb2.DiffResponse.DIFF_NONE


def _diff_response(verdict: Verdict) -> provider_pb2.DiffResponse:
    found = verdict.difference
    kinds = provider_pb2.PropertyDiff.Kind
    return provider_pb2.DiffResponse(
        changes=_some(bool(found.properties)),
        diffs=found.properties,
        replaces=found.replaces,
        detailedDiff={
            change.path: provider_pb2.PropertyDiff(
                kind=kinds.Value(f"{change.kind}_REPLACE" if change.replace else change.kind)
            )
            for change in found.changes
        },
        hasDetailedDiff=True,
        deleteBeforeReplace=verdict.delete_first,
    )
