"""Settings of what keeps data: the database, the queues, the cache and the published bundles. Times are in seconds."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from infra.part import Part, refuse

COMMANDS_QUEUE = "commands"
"""The queue that every environment has, for orders to the operations host; no other may be called so."""

QUEUE_PATTERN = r"^[a-z][a-z0-9-]{0,31}$"
"""Short enough for a physical name, and for the name of the variable that tells a process its address."""

TAKEN_DATABASES = frozenset({"postgres", "rdsadmin", "template0", "template1"})
"""Databases that every PostgreSQL server on RDS has already."""


def _not_taken(name: str) -> str:
    if name in TAKEN_DATABASES:
        raise refuse("every server has a database of that name already")
    return name


class Database(Part):
    """The PostgreSQL server. Storage is in GiB, as AWS counts it."""

    instance: Annotated[
        str,
        Field(
            pattern=r"^db\.[a-z0-9-]+\.[a-z0-9-]+$",
            description="an RDS instance class, db. and a type",
            examples=["db.t4g.micro"],
        ),
    ] = "db.t4g.micro"
    version: Annotated[
        str,
        Field(
            pattern=r"^\d{2}(\.\d{1,2})?$",
            description="a version of PostgreSQL that RDS has, in quotes; the major one alone takes its newest",
            examples=["18"],
        ),
    ] = "18"
    storage: Annotated[
        int, Field(ge=20, le=65536, description="20 to 65536 GiB to begin with", examples=[20])
    ] = 20
    max_storage: Annotated[
        int,
        Field(
            ge=20,
            le=65536,
            description="20 to 65536 GiB that the storage may grow to by itself, and not below storage",
            examples=[100],
        ),
    ] = 100
    multi_az: Annotated[
        bool,
        Field(
            description="true or false; true keeps a second server in another zone that takes over",
            examples=[True],
        ),
    ] = True
    backup_days: Annotated[
        int,
        Field(ge=1, le=35, description="1 to 35 days that any moment can be restored of", examples=[7]),
    ] = 7
    deletion_protection: Annotated[
        bool,
        Field(description="true or false; true has the database refuse its deletion", examples=[True]),
    ] = True
    final_snapshot: Annotated[
        bool,
        Field(
            description="true or false; true keeps a snapshot of the data when the database is deleted",
            examples=[True],
        ),
    ] = True
    name: Annotated[
        str,
        AfterValidator(_not_taken),
        Field(
            pattern=r"^[a-z][a-z0-9_]{0,62}$",
            description="the database's name: a small letter, then small letters, digits and _, 63 at most; none of "
            + ", ".join(sorted(TAKEN_DATABASES)),
            examples=["app"],
        ),
    ] = "app"

    @model_validator(mode="after")
    def _max_not_below_storage(self) -> Self:
        if self.max_storage < self.storage:
            raise refuse(f"storage of {self.storage} GiB, but {self.max_storage} GiB at most")
        return self


class Queue(Part):
    """A queue and the one beside it for messages that nobody could handle."""

    visibility: Annotated[
        int,
        Field(
            ge=1,
            le=43200,
            description="1 to 43200 s that a message is one worker's, before another gets it; longer than a job takes",
            examples=[60],
        ),
    ] = 60
    retention: Annotated[
        int,
        Field(ge=60, le=1209600, description="60 to 1209600 s that a message is kept", examples=[345600]),
    ] = 345600
    attempts: Annotated[
        int,
        Field(
            ge=1,
            le=1000,
            description="1 to 1000 deliveries before a message goes to the dead letters",
            examples=[5],
        ),
    ] = 5
    oldest: Annotated[
        int,
        Field(
            ge=60,
            le=1209600,
            description="60 to 1209600 s that the oldest message may wait before the alarm",
            examples=[300],
        ),
    ] = 300

    @model_validator(mode="after")
    def _alarm_before_the_message_is_gone(self) -> Self:
        if self.oldest >= self.retention:
            raise refuse(f"a message is gone after {self.retention} s, before it is {self.oldest} s old")
        return self


class Cache(Part):
    """The Valkey servers: one, and so many replicas."""

    instance: Annotated[
        str,
        Field(
            pattern=r"^cache\.[a-z0-9-]+\.[a-z0-9-]+$",
            description="an ElastiCache node type, cache. and a type",
            examples=["cache.t4g.micro"],
        ),
    ] = "cache.t4g.micro"
    version: Annotated[
        str,
        Field(
            pattern=r"^\d{1,2}\.\d{1,2}$",
            description="a version of Valkey that ElastiCache has, major and minor, in quotes",
            examples=["8.0"],
        ),
    ] = "8.0"
    replicas: Annotated[
        int,
        Field(
            ge=0,
            le=5,
            description="0 to 5 copies; with one or more, another zone's takes over when the first server fails",
            examples=[1],
        ),
    ] = 1


class Bundles(Part):
    """The bucket with the published versions."""

    force_destroy: Annotated[
        bool,
        Field(
            description="true or false; true lets `pulumi destroy` delete the bundles and the balancer's logs",
            examples=[False],
        ),
    ] = False
