"""A shift that no handover has followed yet. Whoever ends this provider meanwhile has everything put back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from release.errors import UneventfulError

Back = Callable[[UneventfulError], Awaitable[UneventfulError]]


class Unsettled:
    """From the end of a shift to the beginning of its handover: how to undo the shift. Otherwise nothing is owed."""

    def __init__(self) -> None:
        self._back: Back | None = None

    def shifted(self, back: Back) -> None:
        """Traffic has moved, and nothing else has."""
        self._back = back

    def settled(self) -> None:
        """A handover has taken it over, or none is needed."""
        self._back = None

    def take(self) -> Back | None:
        """How to undo the shift, for whoever does it: once."""
        back, self._back = self._back, None
        return back
