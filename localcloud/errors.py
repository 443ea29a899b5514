"""Everything that the local cloud refuses or fails at, for a person to read.

CloudError
├── CloudNotRunning      a command needs the daemon and there is none
├── CloudAlreadyRunning  `up` of a second daemon for one checkout (the command itself only says so)
├── StartFailed          the daemon did not become ready, with the end of its log
├── NoCheckout           the command was not given inside a checkout
├── NoStack              a stack without a stack file, or with one that names no account or region
├── NotUsable            what an earlier cloud kept is of no use to this one, which starts empty
├── UnknownFault         a fault knob, or a value of one, that does not exist
├── ControlFailed        the daemon refused a control request
├── AddressesUsedUp      no free 127/8 address in this checkout's slice
├── PortTaken            something else listens where a load balancer or instance must
├── HookBroken           moto is not what the hooks were written for
└── PartFailed           an instance or the data plane could not be started
"""

from __future__ import annotations


class CloudError(Exception):
    """What was expected and what was seen, in one or more lines; the next command to type in `remedy`."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}\n{self.remedy}" if self.remedy else self.message


class CloudNotRunning(CloudError):
    def __init__(self, folder: str, left_over: bool = False, stack: str = "dev") -> None:
        seen = (
            "its daemon ended without being told to" if left_over else "none was started, or it was stopped"
        )
        whose, option = ("", "") if stack == "dev" else (f" and stack {stack}", f" --stack {stack}")
        super().__init__(
            f"no local cloud is running for {folder}{whose}: {seen}.", f"Start it with: localcloud up{option}"
        )


class CloudAlreadyRunning(CloudError):
    pass


class StartFailed(CloudError):
    pass


class NoCheckout(CloudError):
    pass


class NoStack(CloudError):
    pass


class NotUsable(CloudError):
    """Its message is why, in half a sentence."""


class UnknownFault(CloudError):
    pass


class ControlFailed(CloudError):
    pass


class AddressesUsedUp(CloudError):
    pass


class PortTaken(CloudError):
    def __init__(self, address: str, port: int, seen: str = "") -> None:
        super().__init__(
            f"nothing could listen on {address}:{port}{f' ({seen})' if seen else ''}.",
            f"See what holds it: ss -ltnp 'sport = :{port}'",
        )
        self.address = address
        self.port = port


class HookBroken(CloudError):
    pass


class PartFailed(CloudError):
    pass
