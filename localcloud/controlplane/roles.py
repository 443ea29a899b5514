"""The role of an instance: its profile's, with keys that moto's STS knows as those of the assumed role."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.ec2.utils import filter_iam_instance_profiles
from moto.sts.models import sts_backends

from localcloud.parts import Role

SESSION_SECONDS = 21600


def role_of(backend: Any, asked: Mapping[str, Any], instance_id: str) -> Role | None:
    """The role of an instance that moto's EC2 `backend` was asked to run with `asked`: of the profile that the call
    names, else of the one that its launch template names. None without a profile, or where that has no role."""
    named = {"Name": asked.get("iam_instance_profile_name"), "Arn": asked.get("iam_instance_profile_arn")}
    if not any(named.values()) and asked.get("launch_template"):
        template = backend._get_template_from_args(asked["launch_template"]).data
        named = template.get("IamInstanceProfile") or {}
    name, arn = named.get("Name"), named.get("Arn")
    if not name and not arn:
        return None
    profile = filter_iam_instance_profiles(backend.account_id, backend.partition, arn, name)
    if profile is None or not profile.roles:
        return None
    role = profile.roles[0]
    assumed = sts_backends[backend.account_id][backend.partition].assume_role(
        region_name=backend.region_name,
        role_session_name=instance_id,
        role_arn=role.arn,
        policy="",
        duration=SESSION_SECONDS,
        external_id="",
    )
    return Role(
        name=role.name,
        profile_arn=profile.arn,
        profile_id=profile.id,
        access_key=assumed.access_key_id,
        secret_key=assumed.secret_access_key,
        token=assumed.session_token,
    )
