"""What can go wrong in the bridge, as text that a user can act on.

    BridgeError
    ├── ProviderMissingError    no usable Terraform AWS provider on this machine
    ├── ProviderBrokenError     it does not start, or it ended while it was needed
    ├── NotCarriedError         a type, function or property outside what the bridge carries
    └── OperationError          AWS or the Terraform provider said no
        └── PartlyDoneError     and AWS has something of it, which must be recorded (in `resources`)

The message is what the engine shows under the resource, unchanged and without a stack trace.
"""

from __future__ import annotations


class BridgeError(Exception):
    """Base of everything that the bridge reports as text."""


class ProviderMissingError(BridgeError):
    pass


class ProviderBrokenError(BridgeError):
    pass


class NotCarriedError(BridgeError):
    pass


class OperationError(BridgeError):
    pass
