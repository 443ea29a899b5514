"""What a release needs of the database before its first instance boots: its expand migrations, and a login of its own.

Both are done on the operations host by the `migrator` in the release's own bundle, told what to do by one JSON document
on its standard input. Neither that document nor the command holds a secret: the host reads the master user's password,
and writes the login's, with its own role.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_command as command

from infra import tags
from infra.environment import Outputs
from infra.operations_programs import AUTHORITY, MIGRATE
from release.ledger import needs
from release.model import Release

MARGIN = 300
"""Seconds beyond the migrations' own deadline: a host that boots, a bundle that is fetched."""

DIAL_SECONDS = 15


@dataclass(frozen=True)
class Limits:
    """`lock_timeout_ms` is how long a statement may wait for a lock, and so how long it may make others wait behind it
    (facts: 200 ms stalls readers for 0.2 s); `attempts` how often it tries; `deadline` seconds for the whole run.
    """

    lock_timeout_ms: int = 200
    attempts: int = 40
    deadline: int = 1800

    def words(self) -> dict[str, int]:
        return {
            "lock_timeout_ms": self.lock_timeout_ms,
            "attempts": self.attempts,
            "deadline": self.deadline,
        }


@dataclass(frozen=True)
class Order:
    """What is to be done for `release`. `revisions` are those to apply, in order, and none on a way back; `keep` are
    the ids of the releases whose logins stay open.
    """

    release: Release
    revisions: tuple[str, ...]
    keep: tuple[str, ...]
    by: str


def order(release: Release, running: Sequence[Release], went_live_before: bool, by: str) -> Order:
    """The order for a release that is about to boot beside `running`. A release that was live before asks for no
    migration: going back never runs one.
    """
    revisions = () if went_live_before else needs(release)
    keep = tuple(dict.fromkeys([release.id, *(other.id for other in running)]))
    return Order(release, revisions, keep, by)


class Migration(pulumi.ComponentResource):
    """`login_secret_arn` names the secret that holds the release's login once `done` is there.

    It is done once for each fleet, when that is made: what is asked of the host later (another key, other neighbours)
    runs nothing again.
    """

    login_secret_arn: pulumi.Output[str]
    done: pulumi.Resource

    def __init__(
        self,
        order: Order,
        environment: Outputs,
        opts: pulumi.ResourceOptions | None = None,
        limits: Limits | None = None,
    ) -> None:
        release = order.release
        super().__init__("uneventful:release:Migration", f"migration-{release.id}", None, opts)
        chosen = limits or Limits()
        own = pulumi.ResourceOptions(parent=self)
        secret = aws.secretsmanager.Secret(
            f"login-{release.id}",
            name_prefix=f"{environment.logins_prefix}{release.id}-",
            description=f"The database login of release {release.id}, made on the operations host",
            # Its value is made anew with each fleet: nothing in it is worth keeping.
            recovery_window_in_days=0,
            tags={tags.RELEASE: release.id, tags.VERSION: release.version},
            opts=own,
        )
        run = on_the_host(
            f"migrate-{release.id}",
            document(order, environment, secret.arn, chosen),
            environment,
            chosen,
            pulumi.ResourceOptions.merge(
                own, pulumi.ResourceOptions(ignore_changes=["connection", "stdin", "create"])
            ),
        )
        self.login_secret_arn = secret.arn
        self.done = run
        self.register_outputs({"loginSecretArn": secret.arn})


def on_the_host(
    name: str, told: Mapping[str, Any], environment: Outputs, limits: Limits, opts: pulumi.ResourceOptions
) -> command.remote.Command:
    """One run of the migrator, told `told`. The host's key is pinned; lines stream into the update's display."""
    host = environment.operations
    return command.remote.Command(
        name,
        connection=command.remote.ConnectionArgs(
            host=host.host,
            port=host.port,
            user=host.user,
            private_key=host.private_key,
            host_key=host.host_key,
            # A host that has just been made answers after a while; the deadline below ends the wait.
            dial_error_limit=-1,
            per_dial_timeout=DIAL_SECONDS,
        ),
        create=MIGRATE,
        stdin=pulumi.Output.json_dumps(told),
        logging=command.remote.Logging.STDOUT_AND_STDERR,
        add_previous_output_in_env=False,
        opts=pulumi.ResourceOptions.merge(
            opts,
            pulumi.ResourceOptions(
                depends_on=[host.resource, environment.whole],
                custom_timeouts=pulumi.CustomTimeouts(create=f"{limits.deadline + MARGIN}s"),
            ),
        ),
    )


def document(
    order: Order, environment: Outputs, login_secret_arn: pulumi.Input[str], limits: Limits
) -> Mapping[str, Any]:
    """What the operations host is told. Revisions are named, not looked for: the plan has shown exactly these."""
    return {
        **about("migrate", order.release, order.by, environment, limits),
        "login": {"secret": login_secret_arn, "role": f"app_{order.release.id}"},
        "keep": list(order.keep),
        "revisions": list(order.revisions),
    }


def about(do: str, release: Release, by: str, environment: Outputs, limits: Limits) -> Mapping[str, Any]:
    """What every run is told: which bundle, which database, on whose behalf."""
    return {
        "do": do,
        "bucket": environment.bundle_bucket,
        "key": release.manifest.key,
        "digest": release.manifest.digest,
        "region": environment.region,
        "release": release.id,
        "version": release.version,
        "by": by,
        "database": {
            "host": environment.variables["DATABASE_HOST"],
            "port": environment.variables["DATABASE_PORT"].apply(int),
            "name": environment.variables["DATABASE_NAME"],
            "master_secret": environment.master_secret_arn,
            "ca": AUTHORITY,
        },
        "limits": limits.words(),
    }
