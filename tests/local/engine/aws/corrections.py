"""Where moto answers otherwise than AWS, and Terraform's provider would see the same difference for ever."""

from __future__ import annotations

from typing import Any

from moto.autoscaling import models as autoscaling
from moto.ec2.responses import launch_templates


def apply() -> None:
    _scaling_policies()
    _launch_templates()


def _scaling_policies() -> None:
    """A policy is enabled, and has no predictive configuration that nobody gave."""
    original = autoscaling.FakeScalingPolicy.__init__

    def corrected(self: Any, *arguments: Any, **named: Any) -> None:
        original(self, *arguments, **named)
        self.enabled = True
        self.predictive_scaling_configuration = self.predictive_scaling_configuration or None

    if original.__name__ != corrected.__name__:
        autoscaling.FakeScalingPolicy.__init__ = corrected


def _launch_templates() -> None:
    """The tags of the template itself are not a part of its data."""
    original = launch_templates.LaunchTemplates.create_launch_template

    def corrected(self: Any) -> Any:
        backend = self.ec2_backend
        create = backend.create_launch_template

        def without_own_tags(name: str, description: str, data: dict[str, Any], tags: Any) -> Any:
            if "TagSpecifications" in data:
                data["TagSpecifications"] = [
                    tag for tag in data["TagSpecifications"] if tag.get("ResourceType") != "launch-template"
                ]
            return create(name, description, data, tags)

        backend.create_launch_template = without_own_tags
        try:
            return original(self)
        finally:
            del backend.create_launch_template

    if original.__name__ != corrected.__name__:
        launch_templates.LaunchTemplates.create_launch_template = corrected
