"""The CloudWatch agent: how what a machine says gets into its log groups. Pure.

Source: Amazon CloudWatch User Guide, "Manually create or edit the CloudWatch agent configuration file".
"""

from __future__ import annotations

import json
from collections.abc import Mapping

AGENT = "amazon-cloudwatch-agent"
"""Its package, and its unit."""

AGENT_FILE = "/opt/aws/amazon-cloudwatch-agent/etc/amazon-cloudwatch-agent.json"

FLUSH_SECONDS = 1
"""What was said is on its way after this time."""


def configuration(log_group: str, streams: Mapping[str, str]) -> str:
    """The agent's configuration: `streams` are the names of the log group's streams, by the file that each follows."""
    return json.dumps(
        {
            "agent": {"run_as_user": "root"},
            "logs": {
                "force_flush_interval": FLUSH_SECONDS,
                "logs_collected": {
                    "files": {
                        "collect_list": [
                            {"file_path": file, "log_group_name": log_group, "log_stream_name": stream}
                            for file, stream in streams.items()
                        ]
                    }
                },
            },
        },
        indent=1,
    )
