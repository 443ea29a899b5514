"""Whether those who shall hear of alarms do: a mail address gets none before its owner has said yes."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from release.doctor.account import Clients
from release.doctor.finding import Finding, bad, ok, warn

_PENDING = "PendingConfirmation"


def look(clients: Clients, topic: str) -> Mapping[str, bool]:
    """For each address that the topic (ARN) is sent to by mail, whether its owner has confirmed it."""
    pages = clients("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    return {
        str(each["Endpoint"]): each["SubscriptionArn"] != _PENDING
        for page in pages
        for each in page["Subscriptions"]
        if each["Protocol"] == "email"
    }


def recipients(seen: Mapping[str, bool], wanted: Collection[str], stack: str) -> Finding:
    """`wanted`: the addresses that the settings name."""
    if not wanted:
        remedy = f"name somebody in uneventful:alarms.recipients, then pulumi up --stack {stack}"
        return warn("alarm recipients", "nobody is told when an alarm rings", remedy)
    missing = sorted(set(wanted) - set(seen))
    if missing:
        return bad(
            "alarm recipients", f"AWS does not know {', '.join(missing)}", f"pulumi up --stack {stack}"
        )
    waiting = sorted(address for address in wanted if not seen[address])
    if waiting:
        remedy = "open AWS's mail `Subscription Confirmation` there, and follow its link (look in spam too)"
        level = bad if len(waiting) == len(set(wanted)) else warn
        return level("alarm recipients", f"not confirmed: {', '.join(waiting)}", remedy)
    return ok("alarm recipients", f"{len(seen)} confirmed")
