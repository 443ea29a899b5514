"""The schedules of a release as the program declares them: once everything is known that they name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from infra.environment import Outputs
from release import command
from release.model import Release, Schedule
from release.schedules import entries


def scheduled(
    release: Release, environment: Outputs, login: pulumi.Output[str]
) -> pulumi.Output[list[dict[str, str]]]:
    """What the environment's schedule group holds while `release` is live, each as `Entry.dump` gives it. `login` is
    the ARN of the secret with the release's own login of the database.
    """

    def known(seen: Mapping[str, Any]) -> list[dict[str, str]]:
        place = command.Place(
            bucket=seen["bucket"],
            region=environment.region,
            known=seen["known"],
            login=seen["login"],
            cache=seen["cache"],
            shared=seen["shared"],
        )

        def order(schedule: Schedule) -> Mapping[str, Any]:
            return command.order(release, place, schedule.command, by=f"schedule {schedule.name}")

        held = entries(release, seen["queues"], seen["commands"], seen["role"], order)
        return [entry.dump() for entry in held]

    return pulumi.Output.all(
        queues={name: queue.arn for name, queue in environment.queues.items()},
        commands=environment.commands_queue.arn,
        role=environment.schedule_role_arn,
        bucket=environment.bundle_bucket,
        known=dict(environment.variables),
        login=login,
        cache=environment.cache_secret_arn,
        shared=environment.variables_secret_arn,
    ).apply(known)
