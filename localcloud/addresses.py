"""Addresses of 127/8 for instances and load balancers, so that each keeps the true ports that AWS's API
gives it.

Linux answers on all of 127/8. Every checkout takes a slice of 254 addresses of its own, chosen by its path,
and holds it by a name that the kernel drops when the process ends, however it ends; so two clouds never
share one.
"""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Mapping
from pathlib import Path
from threading import Lock

from localcloud.errors import AddressesUsedUp

FIRST_BYTES = range(1, 255)
"""127.0.x.x is everybody's; 127.255.x.x holds the broadcast address."""
SLICES = len(FIRST_BYTES) * 256
PER_SLICE = 254
LISTENING = "0A"


def slice_prefix(number: int) -> str:
    """The first three bytes of slice `number` (any integer, taken modulo the number of slices)."""
    second, third = divmod(number % SLICES, 256)
    return f"127.{FIRST_BYTES[second]}.{third}"


def listening_addresses() -> frozenset[str]:
    """Every IPv4 address of this machine that some process listens on (Linux's own table)."""
    found = set()
    with Path("/proc/net/tcp").open() as table:
        next(table)
        for line in table:
            _, local, _, state, *_ = line.split()
            if state != LISTENING:
                # The kernel lists all that listen before all that is connected, which may be very much.
                break
            found.add(".".join(str(byte) for byte in reversed(bytes.fromhex(local.split(":")[0]))))
    return frozenset(found)


def cannot_listen(address: str, port: int) -> str:
    """Why nothing can listen there, in the system's words; empty when something can."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((address, port))
        except OSError as refused:
            return refused.strerror or str(refused)
    return ""


class AddressPool:
    """Gives out addresses one after another, and a released one only after all the others. Safe from any
    thread."""

    def __init__(self, root: Path, prefix: str = "") -> None:
        """`prefix` names the slice of a cloud that goes on; no other one will do.

        Raises `AddressesUsedUp` where another cloud holds it, or all of them.
        """
        start = int(hashlib.sha256(str(root).encode()).hexdigest()[:8], 16)
        self._claim = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.prefix = self._claim_one(prefix) if prefix else self._claim_slice(start)
        self._lock = Lock()
        self._taken: dict[str, str] = {}
        self._last = 0

    def _claim_slice(self, start: int) -> str:
        for number in range(start, start + SLICES):
            prefix = slice_prefix(number)
            if self._claimed(prefix):
                return prefix
        raise AddressesUsedUp(
            "every slice of 127/8 is held by another local cloud.", "Stop one: localcloud down"
        )

    def _claim_one(self, prefix: str) -> str:
        if not self._claimed(prefix):
            raise AddressesUsedUp(
                f"{prefix}.0/24, which all that this cloud keeps speaks of, is held by another local cloud.",
                "Stop that one, or start without what is kept: localcloud down --forget",
            )
        return prefix

    def _claimed(self, prefix: str) -> bool:
        try:
            self._claim.bind(f"\0uneventful/{prefix}")
        except OSError:
            return False
        return True

    @property
    def taken(self) -> Mapping[str, str]:
        """The addresses that are held, with what they are held for."""
        with self._lock:
            return dict(self._taken)

    def hold(self, taken: Mapping[str, str]) -> None:
        """Hold these addresses of a cloud that goes on."""
        with self._lock:
            self._taken.update(taken)
            self._last = max((int(address.rpartition(".")[2]) for address in taken), default=0)

    def take(self, label: str) -> str:
        """An address that nothing listens on, held for `label` until it is released.

        Raises `AddressesUsedUp` when all of the slice is taken.
        """
        with self._lock:
            used = listening_addresses()
            for step in range(1, PER_SLICE + 1):
                number = (self._last + step - 1) % PER_SLICE + 1
                address = f"{self.prefix}.{number}"
                if address not in self._taken and address not in used and _bindable(address):
                    self._last = number
                    self._taken[address] = label
                    return address
            raise AddressesUsedUp(
                f"all {PER_SLICE} addresses of {self.prefix}.0/24 are in use; one more was asked for {label}.",
                "See what holds them: localcloud status",
            )

    def release(self, address: str) -> None:
        with self._lock:
            self._taken.pop(address, None)

    def close(self) -> None:
        """Give the slice back."""
        self._claim.close()


def _bindable(address: str) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
        return True
