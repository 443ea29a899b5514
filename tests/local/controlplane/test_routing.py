"""What the ELB API holds is on the data plane before its call is answered, as it was asked for."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.controlplane.delay import DelayedRouting
from localcloud.controlplane.routing import Routing
from localcloud.errors import PortTaken
from localcloud.faults import Faults
from localcloud.parts import Action, HealthCheck, Rule
from tests.local.controlplane.conftest import World


def weights(world: World) -> dict[str, int]:
    """Of the main rule, as the data plane has it."""
    return dict(world.balancer.state[0].listeners[0].rules[-1].action.weights)


def test_a_load_balancer_is_reached_by_its_dns_name_on_the_listeners_port(world: World) -> None:
    _, subnets = world.network()
    balancer, _ = world.balancer_with_listener(subnets, port=8080)
    (state,) = world.balancer.state
    assert balancer["DNSName"] == state.address
    assert state.address.startswith("127.")
    assert not state.address.startswith("127.0.0.")
    assert state.listeners[0].port == 8080
    assert state.listeners[0].default == Action("fixed-response", status=503)


def test_a_change_of_weights_is_on_the_data_plane_before_the_call_is_answered(world: World) -> None:
    vpc, subnets = world.network()
    _, listener = world.balancer_with_listener(subnets)
    old, new = world.target_group(vpc, "old"), world.target_group(vpc, "new")
    rule = world.forward(listener, {old: 100})
    assert weights(world) == {old: 100}
    groups = [{"TargetGroupArn": old, "Weight": 95}, {"TargetGroupArn": new, "Weight": 5}]
    world.client("elbv2").modify_rule(
        RuleArn=rule, Actions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}]
    )
    assert weights(world) == {old: 95, new: 5}
    assert {group.arn for group in world.balancer.state[0].target_groups} == {old, new}


def test_rules_come_in_the_order_of_their_priority_with_all_their_conditions(world: World) -> None:
    vpc, subnets = world.network()
    _, listener = world.balancer_with_listener(subnets)
    group = world.target_group(vpc)
    world.forward(listener, {group: 1}, priority=40000)
    world.client("elbv2").create_rule(
        ListenerArn=listener,
        Priority=100,
        Conditions=[
            {
                "Field": "http-header",
                "HttpHeaderConfig": {"HttpHeaderName": "X-Release", "Values": ["a.key", "b.*"]},
            },
            {"Field": "host-header", "Values": ["shop.example"]},
        ],
        Actions=[{"Type": "forward", "TargetGroupArn": group}],
    )
    rules = world.balancer.state[0].listeners[0].rules
    header = Rule(
        100,
        Action("forward", weights=((group, 1),)),
        headers=(("X-Release", ("a.key", "b.*")),),
        host_headers=("shop.example",),
    )
    assert rules == (header, Rule(40000, Action("forward", weights=((group, 1),)), path_patterns=("/*",)))
    listed = world.client("elbv2").describe_rules(ListenerArn=listener)["Rules"]
    assert [rule["Priority"] for rule in listed] == ["100", "40000", "default"]


def test_a_target_groups_own_health_check_is_the_one_that_is_done(world: World) -> None:
    vpc, subnets = world.network()
    _, listener = world.balancer_with_listener(subnets)
    group = world.target_group(vpc, delay=17)
    world.forward(listener, {group: 1})
    world.client("elbv2").modify_target_group(
        TargetGroupArn=group,
        HealthCheckPath="/ready",
        HealthCheckIntervalSeconds=6,
        HealthCheckTimeoutSeconds=3,
        HealthyThresholdCount=4,
        UnhealthyThresholdCount=3,
        Matcher={"HttpCode": "200-204"},
    )
    (state,) = world.balancer.state[0].target_groups
    assert state.health_check == HealthCheck("/ready", 6, 3, 4, 3, "200-204", None)
    assert state.deregistration_delay == 17


def test_what_the_data_plane_does_not_do_is_refused_by_name(world: World) -> None:
    vpc, subnets = world.network()
    balancer, listener = world.balancer_with_listener(subnets)
    group = world.target_group(vpc)
    elb = world.client("elbv2")
    forward = [{"Type": "forward", "TargetGroupArn": group}]
    by_query = [{"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "a", "Value": "b"}]}}]
    with pytest.raises(ClientError, match="query-string"):
        elb.create_rule(ListenerArn=listener, Priority=1, Conditions=by_query, Actions=forward)
    by_path = [{"Field": "path-pattern", "Values": ["/*"]}]
    sign_in = [{"Type": "authenticate-oidc"}, *forward]
    with pytest.raises(ClientError, match="authenticate-oidc"):
        elb.create_rule(ListenerArn=listener, Priority=1, Conditions=by_path, Actions=sign_in)
    with pytest.raises(ClientError, match="HTTPS"):
        elb.create_listener(
            LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTPS", Port=8443, DefaultActions=forward
        )
    assert len(world.balancer.state[0].listeners) == 1
    assert world.balancer.state[0].listeners[0].rules == ()


def test_a_listener_where_something_listens_is_refused_with_the_address(world: World) -> None:
    _, subnets = world.network()
    elb = world.client("elbv2")
    balancer = elb.create_load_balancer(Name="front", Subnets=subnets)["LoadBalancers"][0]
    with socket.socket() as taken:
        taken.bind((balancer["DNSName"], 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ClientError, match=f"{balancer['DNSName']}:{port}"):
            elb.create_listener(
                LoadBalancerArn=balancer["LoadBalancerArn"],
                Protocol="HTTP",
                Port=port,
                DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}],
            )


def test_two_listeners_on_one_port_are_refused_as_aws_refuses_them(world: World) -> None:
    _, subnets = world.network()
    balancer, _ = world.balancer_with_listener(subnets, port=8080)
    with pytest.raises(ClientError, match="DuplicateListener"):
        world.client("elbv2").create_listener(
            LoadBalancerArn=balancer["LoadBalancerArn"],
            Protocol="HTTP",
            Port=8080,
            DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}],
        )


def test_a_data_plane_that_refuses_is_told_of_and_asked_again(world: World) -> None:
    world.balancer.refuse = PortTaken("127.9.9.9", 8080, "Address already in use")
    _, subnets = world.network()
    world.balancer_with_listener(subnets)
    assert "127.9.9.9:8080" in world.plane.problem
    world.balancer.refuse = None
    world.pass_time(3)
    assert world.plane.problem == ""


def test_a_deleted_load_balancer_answers_no_more_and_gives_its_address_back(world: World) -> None:
    _, subnets = world.network()
    balancer, _ = world.balancer_with_listener(subnets)
    world.client("elbv2").delete_load_balancer(LoadBalancerArn=balancer["LoadBalancerArn"])
    assert world.balancer.state == ()


def test_nothing_is_applied_when_nothing_changed(world: World) -> None:
    _, subnets = world.network()
    world.balancer_with_listener(subnets)
    applied = len(world.balancer.applied)
    for _ in range(5):
        world.pass_time(1)
    world.client("elbv2").describe_load_balancers()
    assert len(world.balancer.applied) == applied


def test_weights_delay_lets_the_data_plane_follow_later(world: World) -> None:
    vpc, subnets = world.network()
    _, listener = world.balancer_with_listener(subnets)
    old, new = world.target_group(vpc, "old"), world.target_group(vpc, "new")
    rule = world.forward(listener, {old: 1})
    world.board.change(Faults(weights_delay=5))
    elb = world.client("elbv2")
    elb.modify_rule(RuleArn=rule, Actions=[{"Type": "forward", "TargetGroupArn": new}])
    told: Any = elb.describe_rules(RuleArns=[rule])["Rules"][0]["Actions"][0]
    assert told["TargetGroupArn"] == new
    world.pass_time(4.9)
    assert weights(world) == {old: 1}
    assert world.plane.behind
    world.pass_time(0.2)
    assert weights(world) == {new: 1}
    assert not world.plane.behind


def test_delayed_changes_arrive_in_order_and_all_at_once_when_the_knob_is_turned_off() -> None:
    one, two, three = ((Routing(name, "127.1.1.1", (), 60),) for name in ("one", "two", "three"))
    delayed = DelayedRouting()
    assert delayed.follow(one, 0, now=0) == one
    assert delayed.follow(two, 5, now=1) == one
    assert delayed.follow(three, 5, now=3) == one
    assert delayed.follow(three, 5, now=6) == two
    assert delayed.follow(three, 5, now=8) == three
    assert delayed.follow(one, 5, now=9) == three
    assert delayed.follow(one, 0, now=9.1) == one
