"""What every part of the typed configuration has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError


class Part(BaseModel):
    """A value that never changes and knows all its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def refuse(reason: str) -> PydanticCustomError:
    """A validator raises this; `reason` is read after the value that was seen."""
    return PydanticCustomError("refused", "{reason}", {"reason": reason})
