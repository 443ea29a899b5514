"""The typed tree of each type that is asked for, made once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from localcloud.engine.aws import tokens
from localcloud.engine.aws.cache import Schemas
from localcloud.engine.aws.errors import NotCarriedError
from localcloud.engine.aws.names import departures
from localcloud.engine.aws.schema import PlainSchema, structure
from localcloud.engine.aws.types import Structure


@dataclass(frozen=True)
class Kind:
    """A resource type or data source: Pulumi's token, Terraform's name, the state's version and its tree."""

    token: str
    terraform: str
    version: int
    structure: Structure


class Catalog:
    """All lookups are safe from several threads: at worst a tree is made twice."""

    def __init__(self, schemas: Schemas, provider: str) -> None:
        self._schemas = schemas
        self._provider = provider
        self._made: dict[str, Kind] = {}

    @cached_property
    def provider(self) -> Structure:
        return structure(self._schemas.provider.block, departures(tokens.PROVIDER))

    def resource(self, pulumi_type: str) -> Kind:
        return self._kind(*tokens.resource(pulumi_type), self._schemas.resources)

    def function(self, pulumi_token: str) -> Kind:
        return self._kind(*tokens.function(pulumi_token), self._schemas.data_sources)

    def _kind(self, token: str, terraform: str, table: dict[str, PlainSchema]) -> Kind:
        if token not in self._made:
            if terraform not in table:
                raise NotCarriedError(f"{self._provider} has no {terraform}, which aws:{token} needs")
            schema = table[terraform]
            tree = structure(schema.block, departures(token))
            self._made[token] = Kind(token, terraform, schema.version, tree)
        return self._made[token]
