"""Listeners: a load balancer's sockets, and how it speaks HTTP on them, as ALB does."""

from __future__ import annotations

from pathlib import Path

from localcloud.balancer.bootstrap import ACCESS_LOG, Json, config_source
from localcloud.balancer.counts import LOG_FORMAT
from localcloud.balancer.names import listener_name, short

HTTP_CONNECTION_MANAGER = (
    "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
)

CLIENT_IDLE_SECONDS = 60
"""How long ALB keeps a client's idle connection (idle_timeout.timeout_seconds, default)."""

PAGES = {
    400: "400 Bad Request",
    408: "408 Request Time-out",
    502: "502 Bad Gateway",
    503: "503 Service Temporarily Unavailable",
    504: "504 Gateway Time-out",
}
"""The titles of ALB's own answers, as they are on the wire."""

TARGET_LOST = ("UF", "UC", "UR", "LR", "UPE")
"""Envoy's flags for what ALB answers with 502: no connection, closed, reset, or not HTTP."""


def page(status: int) -> str:
    """The body of ALB's own answer with this status."""
    title = PAGES[status]
    return (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
        f"<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
    )


def _mapper(filters: list[Json], status: int) -> Json:
    return {
        "filter": filters[0] if len(filters) == 1 else {"and_filter": {"filters": filters}},
        "status_code": status,
        "body": {"inline_string": page(status)},
        "body_format_override": {
            "text_format_source": {"inline_string": "%LOCAL_REPLY_BODY%"},
            "content_type": "text/html",
        },
    }


def _status_is(status: int) -> Json:
    value = {"default_value": status, "runtime_key": f"localcloud.status.{status}"}
    return {"status_code_filter": {"comparison": {"op": "EQ", "value": value}}}


def local_replies() -> Json:
    """Envoy's own answers in ALB's words. A lost target is 503 in Envoy and 502 in ALB, so it comes first."""
    lost = [_status_is(503), {"response_flag_filter": {"flags": list(TARGET_LOST)}}]
    failed = {"response_flag_filter": {"flags": ["UH", "NC", "UO", "UT", "SI", "UMSDR", "DPE", "NR"]}}
    return {
        "mappers": [
            _mapper(lost, 502),
            *(_mapper([_status_is(status), failed], status) for status in PAGES),
        ]
    }


def listener(folder: Path, balancer_arn: str, address: str, port: int) -> Json:
    """One socket. Nothing here depends on rules, weights or targets: a listener that changes drains its
    connections, a table of routes does not."""
    name = listener_name(address, port)
    manager = {
        "@type": HTTP_CONNECTION_MANAGER,
        "stat_prefix": name,
        "codec_type": "HTTP1",
        "http_protocol_options": {"accept_http_10": True, "default_host_for_http_10": address},
        "use_remote_address": True,
        "append_x_forwarded_port": True,
        "generate_request_id": False,
        "server_name": "awselb/2.0",
        "server_header_transformation": "APPEND_IF_ABSENT",
        "common_http_protocol_options": {"idle_timeout": f"{CLIENT_IDLE_SECONDS}s"},
        "request_headers_timeout": f"{CLIENT_IDLE_SECONDS}s",
        "stream_idle_timeout": f"{CLIENT_IDLE_SECONDS}s",
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        "rds": {"route_config_name": name, "config_source": config_source(folder / f"rds-{name}.json")},
        "local_reply_config": local_replies(),
        "access_log": [
            {
                "name": "envoy.access_loggers.file",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
                    "path": str(folder / ACCESS_LOG),
                    "log_format": {
                        "text_format_source": {"inline_string": f"{short(balancer_arn)} {LOG_FORMAT}\n"}
                    },
                },
            }
        ],
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
                    "suppress_envoy_headers": True,
                },
            }
        ],
    }
    return {
        "@type": "type.googleapis.com/envoy.config.listener.v3.Listener",
        "name": name,
        "address": {"socket_address": {"address": address, "port_value": port}},
        # With it, a second process could share the port in silence.
        "enable_reuse_port": False,
        "filter_chains": [
            {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
        ],
    }
