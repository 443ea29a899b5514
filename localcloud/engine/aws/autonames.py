"""Names that a program leaves out: its own name for the resource and seven random hex digits, as Pulumi does it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from localcloud.engine.aws.types import Field, Primitive, Structure
from localcloud.engine.aws.unknown import Tree

DEFAULTS = "__defaults"
"""The input that records which names were automatic, so that an update keeps them."""

_SUFFIX_DIGITS = 7
_FIFO = ".fifo"


@dataclass(frozen=True)
class Rule:
    """`longest` counts characters of the whole name. Limits are those of AWS's API references."""

    attribute: str = "name"
    longest: int = 255
    lower: bool = False
    prefix: str = ""


_RULES = {
    "aws_s3_bucket": Rule("bucket", 63, lower=True),
    "aws_db_instance": Rule("identifier", 63, lower=True),
    "aws_db_subnet_group": Rule(lower=True),
    "aws_db_parameter_group": Rule(lower=True),
    "aws_elasticache_subnet_group": Rule(lower=True),
    "aws_elasticache_parameter_group": Rule(lower=True),
    "aws_elasticache_replication_group": Rule("replication_group_id", 40, lower=True),
    "aws_key_pair": Rule("key_name"),
    "aws_cloudwatch_metric_alarm": Rule("alarm_name"),
    "aws_lb": Rule(longest=32),
    "aws_lb_target_group": Rule(longest=32),
    "aws_iam_role": Rule(longest=64),
    "aws_iam_role_policy": Rule(longest=128),
    "aws_iam_policy": Rule(longest=128),
    "aws_iam_instance_profile": Rule(longest=128),
    "aws_launch_template": Rule(longest=125),
    "aws_sqs_queue": Rule(longest=80),
    "aws_scheduler_schedule": Rule(longest=64),
    "aws_scheduler_schedule_group": Rule(longest=64),
    "aws_kms_alias": Rule(longest=256, prefix="alias/"),
}


@dataclass(frozen=True)
class Autonaming:
    """What the engine says about a name: `proposed` is used as it is; `disabled` means that no name is made."""

    name: str
    seed: bytes
    proposed: str = ""
    disabled: bool = False


def named_field(kind: str, structure: Structure) -> Field | None:
    """The property that gets an automatic name, where the type has one."""
    field = structure.by_terraform.get(_rule(kind).attribute)
    if field is None or not field.settable or field.type != Primitive("string"):
        return None
    return field


def autoname(kind: str, structure: Structure, olds: Tree, news: Tree, naming: Autonaming) -> Tree:
    """`news` with a name where it has none, and the list of automatic ones under `__defaults`.

    The former automatic name is kept. A given prefix counts as a name.
    """
    field = named_field(kind, structure)
    news = news | {DEFAULTS: []}
    if field is None or naming.disabled or news.get(field.pulumi) is not None:
        return news
    prefix = structure.by_terraform.get(f"{field.terraform}_prefix")
    if prefix and news.get(prefix.pulumi) is not None:
        return news
    former = olds.get(field.pulumi) if field.pulumi in defaults(olds) else None
    name = former or naming.proposed or _random_name(_rule(kind), naming, _fifo(news))
    return news | {field.pulumi: name, DEFAULTS: [field.pulumi]}


def has_fixed_name(kind: str, structure: Structure, olds: Tree, news: Tree) -> bool:
    """Whether old and new resource bear the same given name, so that they cannot exist side by side."""
    field = named_field(kind, structure)
    if field is None or field.pulumi in defaults(news):
        return False
    name = news.get(field.pulumi)
    return name is not None and name == olds.get(field.pulumi)


def defaults(inputs: Tree) -> Sequence[str]:
    return inputs.get(DEFAULTS) or []


def _rule(kind: str) -> Rule:
    return _RULES.get(kind, Rule())


def _fifo(news: Tree) -> bool:
    return any(news.get(name) is True for name in ("fifoQueue", "fifoTopic"))


def _random_name(rule: Rule, naming: Autonaming, fifo: bool) -> str:
    generator = random.Random(naming.seed) if naming.seed else random.SystemRandom()
    digits = "".join(generator.choice("0123456789abcdef") for _ in range(_SUFFIX_DIGITS))
    end = f"-{digits}{_FIFO if fifo else ''}"
    base = f"{rule.prefix}{naming.name}"[: rule.longest - len(end)]
    name = f"{base}{end}"
    return name.lower() if rule.lower else name
