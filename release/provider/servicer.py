"""The provider over gRPC: errors reach the user as this project words them, never as a stack trace."""

from __future__ import annotations

import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import grpc.aio
from pulumi.provider.experimental.server import ProviderServicer

from release.errors import ProviderFault, UneventfulError
from release.provider.engine import Engine
from release.provider.provider import UneventfulProvider

Call = Callable[[Any, Any], Awaitable[Any]]


class UneventfulServicer(ProviderServicer):
    """The SDK's servicer, which adds a stack trace to each error, without the stack traces."""

    def __init__(self, provider: UneventfulProvider, engine: Engine, address: str, version: str) -> None:
        super().__init__([], version, provider, engine_address=address)
        self._engine = engine

    async def Check(self, request: Any, context: Any) -> Any:
        return await self._worded(super().Check, request, context)

    async def Diff(self, request: Any, context: Any) -> Any:
        return await self._worded(super().Diff, request, context)

    async def Create(self, request: Any, context: Any) -> Any:
        return await self._worded(super().Create, request, context)

    async def Read(self, request: Any, context: Any) -> Any:
        return await self._worded(super().Read, request, context)

    async def Update(self, request: Any, context: Any) -> Any:
        return await self._worded(super().Update, request, context)

    async def Delete(self, request: Any, context: Any) -> Any:
        return await self._worded(super().Delete, request, context)

    async def _worded(self, call: Call, request: Any, context: Any) -> Any:
        try:
            return await call(request, context)
        except Exception as error:
            cause = _cause(error)
            if not isinstance(cause, UneventfulError):
                await self._engine.trace("".join(traceback.format_exception(cause)))
            await context.abort(grpc.StatusCode.ABORTED, _text(cause))


def _cause(error: BaseException) -> BaseException:
    """What the SDK wrapped: the first error of this project in the chain, or the innermost error."""
    innermost = error
    while innermost.__context__ is not None and not isinstance(innermost, UneventfulError):
        innermost = innermost.__context__
    return innermost


def _text(cause: BaseException) -> str:
    if isinstance(cause, UneventfulError):
        return str(cause)
    frames = traceback.extract_tb(cause.__traceback__)
    where = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return str(
        ProviderFault(
            f"the provider met what it does not know: {type(cause).__name__}: {cause}{where}",
            next="run it again with --debug for the trace, and report it",
        )
    )
