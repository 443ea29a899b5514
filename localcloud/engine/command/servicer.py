"""Pulumi's provider protocol for command resources."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

import grpc
import grpc.aio
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from localcloud.engine.command import local, remote
from localcloud.engine.command.difference import compare
from localcloud.engine.command.display import Display
from localcloud.engine.command.inputs import LOCAL, REMOTE, Command, faults, parse
from localcloud.engine.command.outcome import CommandError, OnLine, Outcome, previous
from localcloud.engine.command.properties import known, outputs, plain, unmarshal

Run = Callable[[Command, str, Mapping[str, str], OnLine], Coroutine[Any, Any, Outcome]]


class CommandServicer(provider_pb2_grpc.ResourceProviderServicer):
    """`command:local:Command` and `command:remote:Command`, with pulumi-command 1.2.1's inputs and behaviour.

    A failed create leaves no resource and a failed update the former state: the next `pulumi up` runs it
    again. A cancel ends local commands and leaves remote ones running.
    """

    def __init__(self, version: str, display: Display) -> None:
        self._version = version
        self._display = display
        self._running: set[asyncio.Task[Outcome]] = set()
        self._runners: dict[str, Run] = {LOCAL: local.run, REMOTE: remote.run}

    async def Handshake(self, request: Any, context: Any) -> Any:
        return provider_pb2.ProviderHandshakeResponse(
            accept_secrets=True, accept_resources=False, accept_outputs=False
        )

    async def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=self._version)

    async def GetSchema(self, request: Any, context: Any) -> Any:
        return provider_pb2.GetSchemaResponse(
            schema=json.dumps({"name": "command", "version": self._version})
        )

    async def CheckConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    async def DiffConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    async def Configure(self, request: Any, context: Any) -> Any:
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, acceptResources=False, acceptOutputs=False
        )

    async def Invoke(self, request: Any, context: Any) -> Any:
        await context.abort(
            grpc.StatusCode.UNIMPLEMENTED,
            f"{request.tok} is not carried by this stand-in for pulumi-command; "
            "use a local or a remote Command, or the official plugin",
        )

    async def Check(self, request: Any, context: Any) -> Any:
        found = (
            faults(request.type, plain(unmarshal(request.news)))
            if request.type in self._runners
            else [("", f"{request.type} is not carried by this stand-in for pulumi-command")]
        )
        return provider_pb2.CheckResponse(
            inputs=request.news,
            failures=[provider_pb2.CheckFailure(property=name, reason=reason) for name, reason in found],
        )

    async def Diff(self, request: Any, context: Any) -> Any:
        old = request.old_inputs if request.old_inputs.fields else request.olds
        names = set(request.news.fields)
        former = {
            name: value
            for name, value in plain(unmarshal(old)).items()
            if name not in ("stdout", "stderr") or name in names
        }
        difference = compare(former, plain(unmarshal(request.news)), tuple(request.ignoreChanges))
        kinds = provider_pb2.PropertyDiff
        detail = {
            name: kinds(
                kind=kinds.UPDATE_REPLACE if name in difference.replaces else kinds.UPDATE, inputDiff=True
            )
            for name in difference.changed
        }
        response = provider_pb2.DiffResponse
        return response(
            changes=response.DIFF_SOME if difference.changed else response.DIFF_NONE,
            diffs=difference.changed,
            replaces=difference.replaces,
            detailedDiff=detail,
            hasDetailedDiff=True,
        )

    async def Create(self, request: Any, context: Any) -> Any:
        news = unmarshal(request.properties)
        inputs = plain(news)
        if request.preview or not known(inputs):
            return provider_pb2.CreateResponse(id="", properties=outputs(news, None))
        command = parse(request.type, inputs)
        outcome = await self._run(request, context, command, command.create, {})
        return provider_pb2.CreateResponse(
            id=f"command-{uuid.uuid4().hex}", properties=outputs(news, outcome.properties())
        )

    async def Update(self, request: Any, context: Any) -> Any:
        news = unmarshal(request.news)
        inputs = plain(news)
        if request.preview or not known(inputs):
            return provider_pb2.UpdateResponse(properties=outputs(news, None))
        command = parse(request.type, inputs)
        former = previous(plain(unmarshal(request.olds))) if command.previous_output else {}
        outcome = await self._run(request, context, command, command.update or command.create, former)
        return provider_pb2.UpdateResponse(properties=outputs(news, outcome.properties()))

    async def Delete(self, request: Any, context: Any) -> Any:
        state = plain(unmarshal(request.properties))
        command = parse(request.type, state)
        if command.delete:
            former = previous(state) if command.previous_output else {}
            await self._run(request, context, command, command.delete, former)
        return empty_pb2.Empty()

    async def Read(self, request: Any, context: Any) -> Any:
        return provider_pb2.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)

    async def Cancel(self, request: Any, context: Any) -> Any:
        for task in list(self._running):
            task.cancel()
        return empty_pb2.Empty()

    async def _run(
        self, request: Any, context: Any, command: Command, text: str, former: Mapping[str, str]
    ) -> Outcome:
        if not text:
            kept = plain(unmarshal(request.olds)) if isinstance(request, provider_pb2.UpdateRequest) else {}
            return Outcome(str(kept.get("stdout") or ""), str(kept.get("stderr") or ""))

        async def show(_stream: str, line: str) -> None:
            await self._display.line(request.urn, line)

        task = asyncio.create_task(self._runners[request.type](command, text, former, show))
        self._running.add(task)
        try:
            return await asyncio.wait_for(task, request.timeout or None)
        except TimeoutError:
            await _abort(
                context, f"the command did not end within its time limit of {request.timeout:g} s: {text}"
            )
        except asyncio.CancelledError:
            what = "left running on its host" if command.connection else "ended"
            await _abort(context, f"the update was cancelled; the command was {what}: {text}")
        except CommandError as error:
            await _abort(context, str(error))
        finally:
            self._running.discard(task)
        raise AssertionError("abort does not return")


async def _abort(context: Any, text: str) -> None:
    abort: Callable[..., Awaitable[None]] = context.abort
    await abort(grpc.StatusCode.ABORTED, text)
