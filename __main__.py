"""The program: settings -> what is intended -> environment -> release -> outputs."""

import gc
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import pulumi

from infra import account, configuration, neighbours, risks
from infra.destroy_guard import guard_destroy
from infra.environment import Environment, make_provider
from infra.errors import EnvironmentRefused
from release.component import Release
from release.errors import UneventfulError
from release.former import read_former
from release.intent import intend
from release.plan import render
from release.unpublished import opening

ALREADY_SAID = 32
"""The exit status by which the language host knows that the error has been shown."""


def define() -> None:
    settings = configuration.parse(
        pulumi.get_stack(),
        pulumi.runtime.get_config_env(),
        pulumi.runtime.get_config_secret_keys_env(),
    )
    places, warnings = neighbours.places_in(Path.cwd())
    neighbours.check(neighbours.place_of(settings), places)
    account.check(settings, account.whoami(settings.region))
    for line in (*warnings, *risks.repeated(settings)):
        pulumi.log.warn(line)
    opened = opening(os.environ, pulumi.runtime.is_dry_run())
    intent = intend(settings, read_former(), opened, datetime.now(UTC))
    pulumi.log.info(render(intent.plan))
    provider = make_provider(settings, pulumi.get_project())
    environment = Environment(settings, provider)
    release = Release(intent, environment.outputs, settings, pulumi.ResourceOptions(providers=[provider]))
    guard_destroy(settings.protected, [environment, release])
    for name, value in release.exports.items():
        pulumi.export(name, value)


# Nearly all that is imported and declared stays to the end: looking for garbage in it took a third of all the time.
gc.disable()
try:
    define()
except (EnvironmentRefused, UneventfulError) as refused:
    pulumi.log.error(str(refused))
    sys.exit(ALREADY_SAID)
finally:
    gc.freeze()
    gc.enable()
