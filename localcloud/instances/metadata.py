"""What an instance's metadata says of it, with the names that cloud-init gives it in templates.

Source: cloud-init's "Instance metadata" page (standardised `v1` keys) and EC2's instance metadata categories.
Names with hyphens are given with underscores, as cloud-init does for jinja.
"""

from __future__ import annotations

from typing import Any

from localcloud.parts import InstanceSpec


def instance_data(spec: InstanceSpec) -> dict[str, Any]:
    """The variables of a `## template: jinja` user data."""
    zone = spec.availability_zone or f"{spec.region}a"
    hostname = f"ip-{spec.address.replace('.', '-')}.{spec.region}.compute.internal"
    meta_data = {
        "ami_id": spec.image_id,
        "hostname": hostname,
        "instance_id": spec.instance_id,
        "instance_type": spec.instance_type,
        "local_hostname": hostname,
        "local_ipv4": spec.address,
        "placement": {"availability_zone": zone, "region": spec.region},
        "tags": {"instance": dict(spec.tags)},
    }
    v1 = {
        "availability_zone": zone,
        "cloud_name": "aws",
        "cloud_id": "aws",
        "distro": "amazon",
        "instance_id": spec.instance_id,
        "local_hostname": hostname,
        "platform": "ec2",
        "region": spec.region,
        "subplatform": "local cloud",
    }
    return {**v1, "v1": v1, "ds": {"meta_data": meta_data}}
