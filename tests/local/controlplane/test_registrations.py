"""How long a target drains."""

from __future__ import annotations

from localcloud.controlplane.registrations import QUIET_SECONDS, Drain, Registrations, advance
from tests.local.controlplane.fakes import FakeClock

START = Drain(port=8080, since=0.0, until=30.0)


def test_a_target_with_requests_in_flight_drains_until_the_delay_is_over() -> None:
    drain = START
    for now in range(30):
        drain = advance(drain, float(now), in_flight=1, target_alive=True)
        assert not drain.done, now
    assert advance(drain, 30.0, in_flight=1, target_alive=True).done


def test_a_target_is_let_go_early_only_when_it_was_quiet_for_a_while() -> None:
    drain = advance(START, 1.0, in_flight=0, target_alive=True)
    assert not drain.done
    drain = advance(drain, 1.0 + QUIET_SECONDS / 2, in_flight=1, target_alive=True)
    drain = advance(drain, 1.0 + QUIET_SECONDS, in_flight=0, target_alive=True)
    assert not drain.done
    assert advance(drain, 1.0 + 2 * QUIET_SECONDS, in_flight=0, target_alive=True).done


def test_a_dead_target_is_let_go_at_once() -> None:
    assert advance(START, 0.1, in_flight=5, target_alive=False).done


def test_the_api_shows_draining_for_the_whole_delay_though_the_data_plane_let_go() -> None:
    clock = FakeClock()
    registrations = Registrations(clock)
    registrations.registered("group", "i-1")
    registrations.deregistered("group", "i-1", 8080, delay=30, in_use=True)
    for _ in range(3):
        registrations.step(lambda _key, _port: 0, lambda _target: True)
        clock.now += QUIET_SECONDS
    assert not registrations.draining("i-1")
    assert registrations.drain("group", "i-1") is not None
    clock.now += 30
    registrations.step(lambda _key, _port: 0, lambda _target: True)
    assert registrations.drain("group", "i-1") is None


def test_a_target_of_a_group_that_nothing_sends_to_does_not_drain() -> None:
    registrations = Registrations(FakeClock())
    registrations.deregistered("group", "i-1", 8080, delay=300, in_use=False)
    assert registrations.drain("group", "i-1") is None
    assert not registrations.draining("i-1")


def test_a_target_that_comes_back_drains_no_more() -> None:
    registrations = Registrations(FakeClock())
    registrations.deregistered("group", "i-1", 8080, delay=300, in_use=True)
    registrations.registered("group", "i-1")
    assert not registrations.draining("i-1")
