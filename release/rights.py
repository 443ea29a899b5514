"""Who may change things of an AWS service, by the policies of the account's own users and roles.

Nobody who may is missing, but for those whom a resource's own policy lets in from elsewhere; some of them may not:
conditions, denials, boundaries and the organization's own policies are not weighed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from release.aws import Calls

PATIENCE = 5.0
_READS = ("get", "list", "describe", "head", "lookup", "batchget", "search", "view", "select", "simulate")
_SERVICES = {"lb": "elasticloadbalancing", "vpc": "ec2"}
_OWN = {"TrafficShift": "elasticloadbalancing", "Handover": "scheduler", "HealthGate": "elasticloadbalancing"}

Account = Mapping[str, Sequence[Mapping[str, Any]]]
"""What IAM tells of an account: its users, groups, roles and policies."""


def service_of(kind: str) -> str:
    """The service, by its name in policies, that a resource of this type in the program belongs to."""
    package, _, rest = kind.partition(":")
    module, _, name = rest.partition("/")
    if package != "aws":
        return _OWN.get(rest.rpartition(":")[2], "")
    if module == "cloudwatch" and name.startswith("log"):
        return "logs"
    return _SERVICES.get(module, module)


async def account(ask: Calls) -> Account:
    """All users, groups, roles and policies. Raises Refused where it may not be asked, and Busy."""
    keys = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
    told: dict[str, list[Mapping[str, Any]]] = {key: [] for key in keys}
    more: dict[str, str] = {}
    while True:
        page = await ask("get_account_authorization_details", PATIENCE, **more)
        for key in keys:
            told[key].extend(page.get(key, ()))
        if not page.get("IsTruncated"):
            return told
        more = {"Marker": str(page["Marker"])}


def who_may(told: Account, service: str) -> tuple[str, ...]:
    """The users and roles with a policy that allows some change of the service, roles of AWS's own services aside."""
    managed = {str(each["Arn"]): _document(each) for each in told["Policies"]}
    groups = {
        str(each["GroupName"]): [*_policies(each, "Group", managed)] for each in told["GroupDetailList"]
    }
    found = []
    for user in told["UserDetailList"]:
        of_groups = [document for name in user.get("GroupList", ()) for document in groups.get(str(name), ())]
        if _any_changes([*_policies(user, "User", managed), *of_groups], service):
            found.append(f"user {user['UserName']}")
    for role in told["RoleDetailList"]:
        own = not str(role.get("Path", "/")).startswith("/aws-service-role/")
        if own and _any_changes(_policies(role, "Role", managed), service):
            found.append(f"role {role['RoleName']}")
    return tuple(sorted(found))


def _policies(
    holder: Mapping[str, Any], kind: str, managed: Mapping[str, Mapping[str, Any]]
) -> Iterator[Mapping[str, Any]]:
    for policy in holder.get(f"{kind}PolicyList", ()):
        yield policy["PolicyDocument"]
    for attached in holder.get("AttachedManagedPolicies", ()):
        yield managed.get(str(attached["PolicyArn"]), {})


def _document(policy: Mapping[str, Any]) -> Mapping[str, Any]:
    versions = policy.get("PolicyVersionList", ())
    document: Mapping[str, Any] = next(
        (each["Document"] for each in versions if each["IsDefaultVersion"]), {}
    )
    return document


def _any_changes(documents: Iterable[Mapping[str, Any]], service: str) -> bool:
    return any(
        _changes(statement, service) for document in documents for statement in _listed(document, "Statement")
    )


def _changes(statement: Mapping[str, Any], service: str) -> bool:
    if statement.get("Effect") != "Allow":
        return False
    if "NotAction" in statement:
        return not any(
            each == "*" or each.lower() == f"{service}:*" for each in _listed(statement, "NotAction")
        )
    return any(_is_change(str(each).lower(), service) for each in _listed(statement, "Action"))


def _is_change(pattern: str, service: str) -> bool:
    prefix, _, verb = pattern.partition(":")
    return fnmatchcase(service, prefix) and not verb.startswith(_READS)


def _listed(mapping: Mapping[str, Any], key: str) -> Sequence[Any]:
    """IAM takes one of a thing for a list of one."""
    value = mapping.get(key, ())
    return value if isinstance(value, (list, tuple)) else (value,)
