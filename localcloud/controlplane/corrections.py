"""Where moto's answers differ from AWS's, and HashiCorp's provider would see the same change for ever.

Each was seen on moto 5.2.5; each has a test that fails without it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.autoscaling.models import AutoScalingBackend, FakeScalingPolicy
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instances import Instance
from moto.ec2.models.launch_templates import LaunchTemplateBackend
from moto.ec2.models.nat_gateways import NatGatewayBackend
from moto.elbv2.models import FakeListener
from moto.iam.access_control import IAMPolicyStatement, PermissionResult
from moto.rds.models import DBParameterGroup, RDSBackend
from moto.s3.utils import _VersionedKeyStore
from moto.scheduler.exceptions import ScheduleGroupNotFound
from moto.scheduler.models import EventBridgeSchedulerBackend

from localcloud.controlplane.cachesubnets import cache_subnet_groups
from localcloud.controlplane.hooks import Addition, Hook, after
from localcloud.controlplane.messages import messages
from localcloud.controlplane.objects import denied_objects
from localcloud.controlplane.queueattributes import queue_attributes

SCALING_POLICY = (
    "name policy_type metric_aggregation_type adjustment_type as_name min_adjustment_magnitude "
    "scaling_adjustment cooldown target_tracking_config step_adjustments estimated_instance_warmup "
    "predictive_scaling_configuration autoscaling_backend"
)
CREATE_GROUP = (
    "name availability_zones desired_capacity max_size min_size launch_config_name launch_template "
    "vpc_zone_identifier default_cooldown health_check_period health_check_type load_balancers "
    "target_group_arns placement_group termination_policies tags capacity_rebalance "
    "new_instances_protected_from_scale_in instance_id mixed_instances_policy"
)

INTERFACES = "nic_spec private_ip associate_public_ip security_groups ipv6_address_count"


def corrections() -> tuple[Hook | Addition, ...]:
    """Hooks that need nothing but moto."""
    return (
        Hook(FakeScalingPolicy, "__init__", tuple(SCALING_POLICY.split()), after(_scaling_policy)),
        Hook(
            LaunchTemplateBackend,
            "create_launch_template",
            ("name", "description", "template_data", "tag_spec"),
            _launch_template,
        ),
        Hook(AutoScalingBackend, "create_auto_scaling_group", tuple(CREATE_GROUP.split()), _grace_period),
        Hook(FakeListener, "register", ("arn", "rule"), after(_rule_order)),
        Hook(DBParameterGroup, "update_parameters", ("new_parameters",), after(_user_parameters)),
        Hook(
            IAMPolicyStatement,
            "is_action_permitted",
            ("action", "resource", "principal", "incoming_condition_values"),
            _tls_only,
        ),
        Hook(_VersionedKeyStore, "pop", ("key",), _forget_versions),
        Hook(EventBridgeSchedulerBackend, "delete_schedule_group", ("name",), _known_schedule_group),
        Hook(NatGatewayBackend, "delete_nat_gateway", ("nat_gateway_id",), _known_nat_gateway),
        Hook(Instance, "prep_nics", tuple(INTERFACES.split()), after(_groups_of_interface)),
        Hook(
            RDSBackend,
            "modify_db_subnet_group",
            ("subnet_name", "description", "subnets"),
            _keep_subnet_group,
        ),
        *cache_subnet_groups(),
        *queue_attributes(),
        *denied_objects(),
        *messages(),
    )


def _scaling_policy(_result: None, policy: Any, *_args: Any, **_kwargs: Any) -> None:
    """AWS says whether a policy is enabled, and says nothing of a predictive part that it does not have."""
    policy.enabled = True
    if not policy.predictive_scaling_configuration:
        policy.predictive_scaling_configuration = None


def _launch_template(
    original: Callable[..., Any], backend: Any, name: Any, description: Any, template_data: Any, tag_spec: Any
) -> Any:
    """AWS keeps the template's own tags out of what instances are made of."""
    if "TagSpecifications" in template_data:
        kept = [
            spec
            for spec in template_data["TagSpecifications"]
            if spec.get("ResourceType") != "launch-template"
        ]
        template_data = {**template_data, "TagSpecifications": kept}
    return original(backend, name, description, template_data, tag_spec)


def _grace_period(original: Callable[..., Any], backend: Any, *args: Any, **kwargs: Any) -> Any:
    """AWS's grace period is 0 unless it is given; moto makes 300 of 0 and of nothing."""
    group = original(backend, *args, **kwargs)
    if not kwargs.get("health_check_period"):
        group.health_check_grace_period = 0
    return group


def _rule_order(_result: None, listener: Any, _arn: str, _rule: Any) -> None:
    """AWS lists rules by priority; moto sorts them and drops the sorted list."""
    ordered = sorted(listener._non_default_rules.items(), key=lambda item: int(item[1].priority))
    listener._non_default_rules = type(listener._non_default_rules)(ordered)


def _user_parameters(_result: None, group: Any, _new_parameters: Any) -> None:
    """AWS marks a parameter that a user has set, and is asked for just those."""
    for parameter in group.parameters.values():
        parameter["Source"] = "user"


def _tls_only(original: Callable[..., Any], statement: Any, *args: Any, **kwargs: Any) -> Any:
    """A request that never leaves the machine counts as one over TLS; moto takes a denial for whoever does
    without as one for all."""
    words = statement._statement
    if words["Effect"] == "Deny" and words.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}:
        return PermissionResult.NEUTRAL
    return original(statement, *args, **kwargs)


def _forget_versions(original: Callable[..., Any], store: Any, key: str) -> None:
    """AWS deletes what is in a bucket whose versioning is suspended; moto stumbles over a delete marker, which has no
    contents to let go of."""
    contents = [version for version in store.getlist(key, []) if hasattr(version, "dispose")]
    if key in store:
        store.setlist(key, contents)
    original(store, key)


def _known_schedule_group(original: Callable[..., Any], backend: Any, name: str) -> None:
    """AWS says 'not found' of a schedule group that is gone; moto fails, and whoever deletes it asks for ever."""
    if name not in backend.schedule_groups:
        raise ScheduleGroupNotFound(name)
    original(backend, name)


def _known_nat_gateway(original: Callable[..., Any], backend: Any, nat_gateway_id: str) -> Any:
    """As with a schedule group: AWS says 'not found', and moto fails for ever."""
    if nat_gateway_id not in backend.nat_gateways:
        raise EC2ClientError("NatGatewayNotFound", f"NAT gateway {nat_gateway_id} was not found")
    return original(backend, nat_gateway_id)


def _groups_of_interface(_result: None, instance: Any, *_args: Any, **_kwargs: Any) -> None:
    """AWS tells an instance's security groups where they came with its network interface, as they do from whoever asks
    for a public address."""
    if not instance.security_groups:
        instance.security_groups = list(instance.nics[0].group_set)


def _keep_subnet_group(
    original: Callable[..., Any], backend: Any, subnet_name: str, description: Any, subnets: Any
) -> Any:
    """A changed group is still there on AWS; moto takes it out to change it and never puts it back."""
    group = original(backend, subnet_name, description, subnets)
    backend.subnet_groups[subnet_name] = group
    return group
