"""How reality is put into moto: named methods of its classes are replaced, and put back.

Each hook states the parameters that the method has in the moto that it was written for; a moto that differs
is refused at start by name, instead of behaving like moto again without a word.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from localcloud.errors import HookBroken


@dataclass(frozen=True)
class Hook:
    """`around(original, self, *args, **kwargs)` is called instead of the method, or of the property's
    getter."""

    owner: type
    name: str
    parameters: tuple[str, ...]
    around: Callable[..., Any]

    def __str__(self) -> str:
        return f"{self.owner.__module__}.{self.owner.__name__}.{self.name}"

    def check(self) -> None:
        """Raise `HookBroken` unless the method is there with the parameters that it was written for."""
        method = self.owner.__dict__.get(self.name)
        if method is None:
            raise HookBroken(
                f"moto's {self} is not there any more.", "Install the moto that is pinned: make up"
            )
        seen = tuple(inspect.signature(_function(method)).parameters)[1:]
        if seen != self.parameters:
            raise HookBroken(
                f"moto's {self} takes ({', '.join(seen)}); expected ({', '.join(self.parameters)}).",
                "Install the moto that is pinned: make up",
            )


@dataclass(frozen=True)
class Addition:
    """A method that moto lacks: `method(self)` joins `owner` under `name`, until moto has one of its own."""

    owner: type
    name: str
    method: Callable[..., Any]

    def __str__(self) -> str:
        return f"{self.owner.__module__}.{self.owner.__name__}.{self.name}"

    def check(self) -> None:
        """Raise `HookBroken` when moto has the method by now."""
        if hasattr(self.owner, self.name):
            raise HookBroken(
                f"moto has {self} of its own now; the local cloud would hide it.",
                "Install the moto that is pinned: make up",
            )


def after(then: Callable[..., None]) -> Callable[..., Any]:
    """An `around` that calls the method and then `then(result, self, *args, **kwargs)`."""

    def around(original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        result = original(*args, **kwargs)
        then(result, *args, **kwargs)
        return result

    return around


@dataclass
class Hooks:
    """A set of hooks that is put in as a whole and taken out as a whole."""

    _originals: list[tuple[type, str, Any]] = field(default_factory=list)
    _additions: list[tuple[type, str]] = field(default_factory=list)

    def install(self, *hooks: Hook | Addition) -> None:
        """Put the hooks in; none of them when one does not fit."""
        for hook in hooks:
            hook.check()
        for hook in hooks:
            if isinstance(hook, Addition):
                self._additions.append((hook.owner, hook.name))
                setattr(hook.owner, hook.name, hook.method)
                continue
            original = hook.owner.__dict__[hook.name]
            self._originals.append((hook.owner, hook.name, original))
            replaced = _method(_function(original), hook.around)
            setattr(hook.owner, hook.name, property(replaced) if isinstance(original, property) else replaced)

    def remove(self) -> None:
        """Put moto back as it was."""
        while self._originals:
            owner, name, original = self._originals.pop()
            setattr(owner, name, original)
        while self._additions:
            delattr(*self._additions.pop())


def _function(held: Any) -> Callable[..., Any]:
    """The function behind a method or a property's getter."""
    getter: Any = held.fget if isinstance(held, property) else held
    return cast(Callable[..., Any], getter)


def _method(original: Callable[..., Any], around: Callable[..., Any]) -> Callable[..., Any]:
    def method(*args: Any, **kwargs: Any) -> Any:
        return around(original, *args, **kwargs)

    # moto and its callers look at the signature again when hooks are stacked or checked.
    method.__signature__ = inspect.signature(original)  # type: ignore[attr-defined]
    method.__name__ = getattr(original, "__name__", "method")
    return method
