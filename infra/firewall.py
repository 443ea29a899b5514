"""Who may talk to whom: the world to the balancer, the balancer to instances, instances to what keeps data, and nobody
else to any of them.
"""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from infra import cache, database, settings
from infra.network import EVERYWHERE
from infra.tags import named

APPLICATION_PORTS = (1024, 65535)
"""Where an application may listen: its processes are not root. The port itself belongs to each release."""


class Firewall(pulumi.ComponentResource):
    """A security group each for the balancer, instances, the database, the cache and the operations host.

    Instances are reached by the balancer alone, the database and the cache by instances and the operations host, that
    host by SSH from where the settings allow. The database and the cache reach nothing.
    """

    balancer_group_id: pulumi.Output[str]
    instance_group_id: pulumi.Output[str]
    database_group_id: pulumi.Output[str]
    cache_group_id: pulumi.Output[str]
    operations_group_id: pulumi.Output[str]

    def __init__(
        self,
        environment: str,
        balancer: settings.Balancer,
        operations: settings.Operations,
        vpc_id: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("uneventful:infra:Firewall", "firewall", None, opts)
        self._environment = environment
        self._vpc_id = vpc_id
        self._own = pulumi.ResourceOptions(parent=self)
        self.balancer_group_id = self._group(
            "balancer", "The load balancer: reached by whom the settings allow"
        )
        self.instance_group_id = self._group(
            "instances", "Application instances: reached by the load balancer alone"
        )
        self.database_group_id = self._group(
            "database", "The database: reached by instances and the operations host"
        )
        self.cache_group_id = self._group("cache", "The cache: reached by instances")
        self.operations_group_id = self._group(
            "operations", "The operations host: reached by SSH from where the settings allow"
        )
        self._around_instances(balancer)
        self._around_data()
        self._around_operations(operations)
        self.register_outputs({"instanceGroupId": self.instance_group_id})

    def _around_instances(self, balancer: settings.Balancer) -> None:
        doors = {
            "balancer-in": balancer.listener_port,
            **({"redirect-in": 80} if balancer.certificate else {}),
        }
        for door, port in doors.items():
            for n, block in enumerate(balancer.allow, start=1):
                self._into(f"{door}-{n}", self.balancer_group_id, port, cidr_ipv4=str(block))
        first, last = APPLICATION_PORTS
        aws.vpc.SecurityGroupEgressRule(
            "balancer-to-instances",
            security_group_id=self.balancer_group_id,
            referenced_security_group_id=self.instance_group_id,
            ip_protocol="tcp",
            from_port=first,
            to_port=last,
            opts=self._own,
        )
        aws.vpc.SecurityGroupIngressRule(
            "instances-from-balancer",
            security_group_id=self.instance_group_id,
            referenced_security_group_id=self.balancer_group_id,
            ip_protocol="tcp",
            from_port=first,
            to_port=last,
            opts=self._own,
        )
        self._out("instances-out", self.instance_group_id)

    def _around_data(self) -> None:
        for name, group, port, source in (
            ("database-from-instances", self.database_group_id, database.PORT, self.instance_group_id),
            ("database-from-operations", self.database_group_id, database.PORT, self.operations_group_id),
            ("cache-from-instances", self.cache_group_id, cache.PORT, self.instance_group_id),
            ("cache-from-operations", self.cache_group_id, cache.PORT, self.operations_group_id),
        ):
            self._into(name, group, port, referenced_security_group_id=source)

    def _around_operations(self, operations: settings.Operations) -> None:
        for n, block in enumerate(operations.allow, start=1):
            self._into(f"operations-in-{n}", self.operations_group_id, operations.port, cidr_ipv4=str(block))
        self._out("operations-out", self.operations_group_id)

    def _group(self, name: str, description: str) -> pulumi.Output[str]:
        group = aws.ec2.SecurityGroup(
            name,
            vpc_id=self._vpc_id,
            description=description,
            tags=named(f"{self._environment}-{name}"),
            opts=self._own,
        )
        return group.id  # type: ignore[no-any-return]

    def _into(self, name: str, group_id: pulumi.Input[str], port: int, **source: pulumi.Input[str]) -> None:
        aws.vpc.SecurityGroupIngressRule(
            name,
            security_group_id=group_id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            opts=self._own,
            **source,
        )

    def _out(self, name: str, group_id: pulumi.Input[str]) -> None:
        aws.vpc.SecurityGroupEgressRule(
            name, security_group_id=group_id, cidr_ipv4=EVERYWHERE, ip_protocol="-1", opts=self._own
        )
