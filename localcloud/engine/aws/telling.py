"""How failures reach the engine: as text that names the resource, with what AWS already has of it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import grpc
from google.protobuf import any_pb2
from pulumi.runtime.proto import provider_pb2, status_pb2

from localcloud.engine.aws.errors import BridgeError
from localcloud.engine.aws.resources import PartlyDoneError
from localcloud.engine.aws.values import to_struct

Servicer = TypeVar("Servicer")
Request = TypeVar("Request")
Answer = TypeVar("Answer")
Handler = Callable[[Servicer, Request, grpc.ServicerContext], Answer]

_INTERNAL_FAILURE = (
    "the stand-in for the AWS plugin failed with {error!r} at {place}. Nothing more was sent to AWS for this "
    "resource; run `pulumi refresh` before the next `pulumi up`."
)


def told(handler: Handler[Servicer, Request, Answer]) -> Handler[Servicer, Request, Answer]:
    """Errors reach the engine as text that names the resource, never as a stack trace."""

    @functools.wraps(handler)
    def tell(self: Servicer, request: Request, context: grpc.ServicerContext) -> Answer:
        name = getattr(request, "name", "") or getattr(request, "urn", "").rpartition("::")[2]
        subject = f"{name}: " if name else ""
        try:
            return handler(self, request, context)
        except PartlyDoneError as error:
            _attach(context, error, subject)
            text = str(error)
        except BridgeError as error:
            text = str(error)
        except Exception as error:
            text = _INTERNAL_FAILURE.format(error=error, place=_place(error.__traceback__))
        context.abort(grpc.StatusCode.UNKNOWN, f"{subject}{text}")
        raise AssertionError("gRPC's abort does not return")

    return tell


def _attach(context: grpc.ServicerContext, error: PartlyDoneError, subject: str) -> None:
    """Tell the engine what exists, so that the next update continues from what AWS then has."""
    reasons = [f"{subject}{reason}" for reason in error.reasons]
    detail = any_pb2.Any()
    detail.Pack(
        provider_pb2.ErrorResourceInitFailed(
            id=error.identity,
            properties=to_struct(error.properties),
            inputs=to_struct(error.inputs),
            reasons=reasons,
            refresh_before_update=True,
        )
    )
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=reasons[0])
    status.details.append(detail)
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))


def _place(trace: TracebackType | None) -> str:
    """File and line where an exception was raised."""
    place = "an unknown place"
    while trace:
        place = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
