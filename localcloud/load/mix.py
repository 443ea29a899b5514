"""What kind the n-th request is: the same mix in every run, spread evenly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["plain", "slow", "upload"]

_GOLDEN = 0.6180339887498949
_SILVER = 0.41421356237309515
"""Multiples of these, without their whole part, fill [0, 1) evenly from the first few on (Weyl sequences)."""


@dataclass(frozen=True)
class Mix:
    """Shares of all requests, 0..1: slow ones, uploads, and those on long-lived connections."""

    slow: float = 0.0
    upload: float = 0.0
    keep_alive: float = 0.0

    def __post_init__(self) -> None:
        for name, share in (("slow", self.slow), ("upload", self.upload), ("keep-alive", self.keep_alive)):
            if not 0 <= share <= 1:
                raise ValueError(f"expected a share of {name} requests from 0 to 1, seen {share:g}")
        if self.slow + self.upload > 1:
            raise ValueError(
                f"slow and upload are {self.slow + self.upload:g} together, at most 1 is possible"
            )

    def kind(self, number: int) -> Kind:
        """The kind of this request."""
        place = number * _GOLDEN % 1
        if place < self.slow:
            return "slow"
        return "upload" if place < self.slow + self.upload else "plain"

    def kept(self, number: int) -> bool:
        """Whether this request goes over a long-lived connection."""
        return number * _SILVER % 1 < self.keep_alive
