"""What can go wrong while the engine is found or got.

EngineError
├── NoEngine        none of the ways to a `pulumi` is open on this machine: each with its reason
├── BuildFailed     `go` ended with an error, with the end of what it said
├── InstallFailed   the official installer ended with an error
└── NoPlugin        neither Pulumi's plugins nor what the stand-ins need can be had
"""

from __future__ import annotations

from localcloud.errors import CloudError


class EngineError(CloudError):
    pass


class NoEngine(EngineError):
    pass


class BuildFailed(EngineError):
    pass


class InstallFailed(EngineError):
    pass


class NoPlugin(EngineError):
    pass
