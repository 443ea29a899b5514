"""What an instance's metadata says of it, with the names that cloud-init gives it in templates.

Source: cloud-init's "Instance metadata" page (standardised `v1` keys) and EC2's instance metadata categories.
Names with hyphens are given with underscores, as cloud-init does for jinja.
"""

from __future__ import annotations

from typing import Any

from localcloud.parts import InstanceSpec


def availability_zone(spec: InstanceSpec) -> str:
    return spec.availability_zone or f"{spec.region}a"


def hostname(spec: InstanceSpec) -> str:
    """The instance's private name."""
    return f"ip-{spec.address.replace('.', '-')}.{spec.region}.compute.internal"


def instance_data(spec: InstanceSpec) -> dict[str, Any]:
    """The variables of a `## template: jinja` user data."""
    zone, host = availability_zone(spec), hostname(spec)
    meta_data = {
        "ami_id": spec.image_id,
        "hostname": host,
        "instance_id": spec.instance_id,
        "instance_type": spec.instance_type,
        "local_hostname": host,
        "local_ipv4": spec.address,
        **({"public_ipv4": spec.address} if spec.public else {}),
        "placement": {"availability_zone": zone, "region": spec.region},
        "tags": {"instance": dict(spec.tags)},
    }
    v1 = {
        "availability_zone": zone,
        "cloud_name": "aws",
        "cloud_id": "aws",
        "distro": "amazon",
        "instance_id": spec.instance_id,
        "local_hostname": host,
        "platform": "ec2",
        "region": spec.region,
        "subplatform": "local cloud",
    }
    return {**v1, "v1": v1, "ds": {"meta_data": meta_data}}
