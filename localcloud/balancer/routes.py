"""Routes: a listener's rules in order, with ALB's conditions and actions."""

from __future__ import annotations

import re

from localcloud.balancer.bootstrap import Json
from localcloud.balancer.names import listener_name, short
from localcloud.errors import PartFailed
from localcloud.parts import Action, BalancerState, ListenerState, Rule

STRIPPED = ("x-envoy-internal", "x-envoy-external-address", "x-envoy-expected-rq-timeout-ms")
"""Headers that Envoy adds for itself and ALB does not know."""

REDIRECTS = {301: "MOVED_PERMANENTLY", 302: "FOUND"}


def wildcard(pattern: str) -> str:
    """ALB's pattern as a regular expression: `*` is any run of characters, `?` exactly one."""
    return "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern)


def _any_of(patterns: tuple[str, ...]) -> str:
    return "|".join(wildcard(pattern) for pattern in patterns)


def conditions(rule: Rule) -> Json:
    """What a request must be: every condition, any pattern of each. Paths count case, hosts and headers
    do not."""
    match: Json = {"prefix": "/"}
    if rule.path_patterns:
        match = {"safe_regex": {"regex": _any_of(rule.path_patterns)}}
    wanted = [(name.lower(), f"(?is)({_any_of(values)})") for name, values in rule.headers]
    if rule.host_headers:
        wanted.append((":authority", f"(?i)({_any_of(rule.host_headers)})(:[0-9]+)?"))
    if wanted:
        match["headers"] = [
            {"name": name, "string_match": {"safe_regex": {"regex": regex}}} for name, regex in wanted
        ]
    return match


def _forward(action: Action, idle_timeout: float) -> Json:
    weighted = [(short(arn), weight) for arn, weight in action.weights if weight > 0]
    if not weighted:
        return {"direct_response": {"status": 503}}
    # Only idle time counts, as in ALB: 504 for a target that is silent so long, no limit for one that sends.
    route: Json = {"timeout": "0s", "idle_timeout": f"{idle_timeout:g}s"}
    if len(weighted) == 1:
        route["cluster"] = weighted[0][0]
    else:
        route["weighted_clusters"] = {
            "clusters": [{"name": name, "weight": weight} for name, weight in weighted]
        }
    return {"route": route}


def _fixed(action: Action) -> Json:
    answer: Json = {"status": action.status}
    if action.body:
        answer["body"] = {"inline_string": action.body}
    header = {"header": {"key": "content-type", "value": action.content_type}}
    return {
        "direct_response": answer,
        "response_headers_to_add": [{**header, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}],
    }


def _redirect(action: Action) -> Json:
    scheme, host, port, path, query = action.location
    mixed = (host != "#{host}" and "#{" in host) or (query != "#{query}" and "#{" in query)
    if mixed or ("#{path}" in path and query not in ("", "#{query}")):
        raise PartFailed(
            f"a redirect to {host!r}, path {path!r}, query {query!r} cannot be served here: expected a host and a query"
            " that are either kept whole or plain, and a plain path with a plain query."
        )
    redirect: Json = {"response_code": REDIRECTS[action.status]}
    if scheme != "#{protocol}":
        redirect["scheme_redirect"] = scheme.lower()
    if host != "#{host}":
        redirect["host_redirect"] = host
    if port != "#{port}":
        redirect["port_redirect"] = int(port)
    if query != "#{query}":
        redirect["strip_query"] = True
    if "#{path}" not in path:
        redirect["path_redirect"] = path + (f"?{query}" if query not in ("", "#{query}") else "")
    elif path != "/#{path}":
        rewritten = path.replace("\\", "\\\\").replace("#{path}", "\\1")
        redirect["regex_rewrite"] = {"pattern": {"regex": "^/?(.*)$"}, "substitution": rewritten}
    return {"redirect": redirect}


def action_part(action: Action, idle_timeout: float) -> Json:
    """What is done with a request that matched."""
    if action.kind == "forward":
        return _forward(action, idle_timeout)
    return _fixed(action) if action.kind == "fixed-response" else _redirect(action)


def route_table(balancer: BalancerState, listener: ListenerState) -> Json:
    """The listener's rules, lowest number first, then its default action."""
    rules = [
        *sorted(listener.rules, key=lambda rule: rule.priority),
        Rule(priority=0, action=listener.default),
    ]
    routes = [
        {"match": conditions(rule), **action_part(rule.action, balancer.idle_timeout)} for rule in rules
    ]
    return {
        "@type": "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
        "name": listener_name(balancer.address, listener.port),
        "request_headers_to_remove": list(STRIPPED),
        "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}],
    }
