"""moto is what the hooks were written for; where it is not, the local cloud refuses to start and says which."""

from __future__ import annotations

import inspect
from dataclasses import replace
from importlib.metadata import version
from typing import Any

import pytest
from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup
from moto.autoscaling.responses import AutoScalingResponse
from moto.cloudwatch.models import Alarm, CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse
from moto.ec2.models.instances import Instance, InstanceBackend
from moto.elasticache.models import ElastiCacheBackend
from moto.elbv2.models import ELBv2Backend, FakeListener, FakeTargetGroup
from moto.rds.models import DBInstance, MasterUserSecret, RDSBackend
from moto.scheduler.models import EventBridgeSchedulerBackend

from localcloud.controlplane.corrections import corrections
from localcloud.controlplane.hooks import Addition, Hook, Hooks, after
from localcloud.controlplane.managed_secrets import managed_secrets
from localcloud.errors import HookBroken
from tests.local.controlplane.conftest import World

HOOKED = [
    (AutoScalingBackend, "create_auto_scaling_group"),
    (AutoScalingBackend, "notify_terminate_instances"),
    (AutoScalingBackend, "terminate_instance"),
    (AutoScalingBackend, "update_attached_target_groups"),
    (AutoScalingResponse, "delete_auto_scaling_group"),
    (Alarm, "update_state"),
    (CloudWatchBackend, "get_metric_data"),
    (CloudWatchBackend, "put_metric_alarm"),
    (CloudWatchBackend, "set_alarm_state"),
    (CloudWatchResponse, "get_metric_statistics"),
    (DBInstance, "address"),
    (ElastiCacheBackend, "create_replication_group"),
    (ElastiCacheBackend, "delete_replication_group"),
    (ElastiCacheBackend, "describe_cache_clusters"),
    (MasterUserSecret, "_generate_secret_string"),
    (MasterUserSecret, "rotate_secret"),
    (RDSBackend, "create_db_instance"),
    (RDSBackend, "delete_db_instance"),
    (RDSBackend, "modify_db_instance"),
    (RDSBackend, "modify_db_parameter_group"),
    (RDSBackend, "reboot_db_instance"),
    (RDSBackend, "start_db_instance"),
    (RDSBackend, "stop_db_instance"),
    (EventBridgeSchedulerBackend, "create_schedule"),
    (EventBridgeSchedulerBackend, "update_schedule"),
    (ELBv2Backend, "_validate_actions"),
    (ELBv2Backend, "_validate_conditions"),
    (ELBv2Backend, "create_listener"),
    (ELBv2Backend, "create_load_balancer"),
    (ELBv2Backend, "delete_load_balancer"),
    (ELBv2Backend, "describe_target_health"),
    (FakeAutoScalingGroup, "set_desired_capacity"),
    (FakeAutoScalingGroup, "update"),
    (FakeListener, "register"),
    (FakeTargetGroup, "deregister"),
    (FakeTargetGroup, "deregister_terminated_instances"),
    (FakeTargetGroup, "register"),
    (Instance, "reboot"),
    (Instance, "start"),
    (Instance, "stop"),
    (Instance, "terminate"),
    (InstanceBackend, "run_instances"),
]


def hooks_of(world: World) -> list[Hook]:
    def locked(function: Any) -> Any:
        return function

    return [
        *(hook for hook in corrections() if isinstance(hook, Hook)),
        *world.plane.machines.hooks(),
        *world.plane.targets.hooks(locked),
        *world.plane.scaling.hooks(locked),
        *world.plane.balancers.hooks(),
        *world.plane.databases.hooks(locked),
        *world.plane.caches.hooks(locked),
        *managed_secrets(),
        *world.plane.cloudwatch.hooks(),
        *world.plane.schedules.hooks(),
    ]


def test_moto_is_the_one_that_is_pinned() -> None:
    assert version("moto") == "5.2.5"


@pytest.mark.parametrize(("owner", "name"), HOOKED, ids=lambda part: getattr(part, "__name__", part))
def test_a_hooked_method_is_replaced_while_the_cloud_runs_and_put_back_afterwards(
    world: World, owner: type, name: str
) -> None:
    def held() -> Any:
        found = owner.__dict__[name]
        return found.fget if isinstance(found, property) else found

    hooked = held()
    assert hooked.__qualname__.startswith("_method.")
    world.plane.close()
    assert held() is not hooked
    assert held().__qualname__ == f"{owner.__name__}.{name}"


def test_every_hook_names_the_parameters_of_the_method_as_they_are(world: World) -> None:
    world.plane.close()
    hooks = hooks_of(world)
    assert len(hooks) >= len(HOOKED)
    for hook in hooks:
        hook.check()


def test_a_moto_whose_method_takes_something_else_is_refused_by_name(world: World) -> None:
    world.plane.close()
    for hook in hooks_of(world):
        with pytest.raises(HookBroken, match=hook.name):
            replace(hook, parameters=(*hook.parameters, "brand_new")).check()
        with pytest.raises(HookBroken, match="not there any more"):
            replace(hook, name=f"{hook.name}_moved").check()


def test_an_addition_is_there_while_the_cloud_runs_and_refused_once_moto_has_its_own() -> None:
    class Thing:
        pass

    hooks, addition = Hooks(), Addition(Thing, "greet", lambda self: "hello")
    hooks.install(addition)
    assert Thing().greet() == "hello"  # type: ignore[attr-defined]
    with pytest.raises(HookBroken, match="greet of its own"):
        addition.check()
    hooks.remove()
    assert not hasattr(Thing, "greet")


def test_one_hook_that_does_not_fit_keeps_all_of_them_out() -> None:
    class Thing:
        def fits(self, one: int) -> int:
            return one

    double = Hook(Thing, "fits", ("one",), lambda original, self, one: 2 * original(self, one))
    with pytest.raises(HookBroken):
        Hooks().install(double, replace(double, parameters=("two",)))
    assert Thing().fits(2) == 2


def test_a_hook_gets_what_the_method_got_and_its_result() -> None:
    class Thing:
        def add(self, one: int, two: int = 1) -> int:
            return one + two

        @property
        def name(self) -> str:
            return "thing"

    heard: list[Any] = []
    hooks = Hooks()
    hooks.install(
        Hook(
            Thing,
            "add",
            ("one", "two"),
            after(lambda *seen, **named: heard.append((seen[0], seen[2:], named))),
        ),
        Hook(Thing, "name", (), lambda original, self: original(self).upper()),
    )
    assert Thing().add(1, two=5) == 6
    assert heard == [(6, (1,), {"two": 5})]
    assert Thing().name == "THING"
    assert list(inspect.signature(Thing.add).parameters) == ["self", "one", "two"]
    hooks.remove()
    assert Thing().name == "thing"
    assert Thing().add(1) == 2
    assert len(heard) == 1
