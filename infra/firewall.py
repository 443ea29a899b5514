"""Who may talk to whom: the world to the balancer, the balancer to instances, nobody else to either."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from infra import settings
from infra.network import EVERYWHERE
from infra.tags import named

APPLICATION_PORTS = (1024, 65535)
"""Where an application may listen: its processes are not root. The port itself belongs to each release."""


class Firewall(pulumi.ComponentResource):
    """Two security groups. Instances are reached by the balancer alone, and reach anything."""

    balancer_group_id: pulumi.Output[str]
    instance_group_id: pulumi.Output[str]

    def __init__(
        self,
        environment: str,
        chosen: settings.Balancer,
        vpc_id: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("uneventful:infra:Firewall", "firewall", None, opts)
        self._own = pulumi.ResourceOptions(parent=self)
        balancer = aws.ec2.SecurityGroup(
            "balancer",
            vpc_id=vpc_id,
            description="The load balancer: reached by whom the settings allow",
            tags=named(f"{environment}-balancer"),
            opts=self._own,
        )
        instances = aws.ec2.SecurityGroup(
            "instances",
            vpc_id=vpc_id,
            description="Application instances: reached by the load balancer alone",
            tags=named(f"{environment}-instances"),
            opts=self._own,
        )
        doors = {"balancer-in": chosen.listener_port, **({"redirect-in": 80} if chosen.certificate else {})}
        for door, port in doors.items():
            for n, block in enumerate(chosen.allow, start=1):
                aws.vpc.SecurityGroupIngressRule(
                    f"{door}-{n}",
                    security_group_id=balancer.id,
                    cidr_ipv4=str(block),
                    ip_protocol="tcp",
                    from_port=port,
                    to_port=port,
                    opts=self._own,
                )
        first, last = APPLICATION_PORTS
        aws.vpc.SecurityGroupEgressRule(
            "balancer-to-instances",
            security_group_id=balancer.id,
            referenced_security_group_id=instances.id,
            ip_protocol="tcp",
            from_port=first,
            to_port=last,
            opts=self._own,
        )
        aws.vpc.SecurityGroupIngressRule(
            "instances-from-balancer",
            security_group_id=instances.id,
            referenced_security_group_id=balancer.id,
            ip_protocol="tcp",
            from_port=first,
            to_port=last,
            opts=self._own,
        )
        aws.vpc.SecurityGroupEgressRule(
            "instances-out",
            security_group_id=instances.id,
            cidr_ipv4=EVERYWHERE,
            ip_protocol="-1",
            opts=self._own,
        )
        self.balancer_group_id = balancer.id
        self.instance_group_id = instances.id
        self.register_outputs({"instanceGroupId": instances.id})
