"""Directives of a unit that make no difference on one machine without root: order of boot, limits, sandboxing."""

from __future__ import annotations

_UNIT = """
    Documentation Before Wants Requires
"""
_SERVICE = """
    Group SyslogIdentifier Nice OOMScoreAdjust OOMPolicy LimitNOFILE LimitNPROC LimitCORE TasksMax
    MemoryHigh CPUAccounting MemoryAccounting CPUWeight CPUQuota IOWeight UMask NoNewPrivileges
    ProtectSystem ProtectHome ProtectKernelTunables ProtectKernelModules ProtectKernelLogs
    ProtectControlGroups ProtectClock ProtectHostname ProtectProc ProcSubset PrivateTmp PrivateDevices
    PrivateUsers PrivateMounts RestrictAddressFamilies RestrictNamespaces RestrictRealtime RestrictSUIDSGID
    LockPersonality MemoryDenyWriteExecute SystemCallArchitectures SystemCallFilter SystemCallErrorNumber
    KeyringMode CapabilityBoundingSet AmbientCapabilities ReadWritePaths ReadOnlyPaths InaccessiblePaths
    RemoveIPC DevicePolicy
"""
_SOCKET = """
    NoDelay KeepAlive
"""
_INSTALL = """
    Alias
"""

HARMLESS = {
    "Unit": frozenset(_UNIT.split()),
    "Service": frozenset(_SERVICE.split()),
    "Socket": frozenset(_SOCKET.split()),
    "Install": frozenset(_INSTALL.split()),
}
"""Accepted without effect, by section."""
