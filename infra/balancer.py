"""The load balancer and its listener. Which release it serves is not its business: a release's rules are."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from infra import settings
from infra.logs_bucket import LogsBucket
from infra.tags import named

TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"
"""TLS 1.2 or newer."""

NO_RELEASE = "no release\n"


class Balancer(pulumi.ComponentResource):
    """A public application load balancer that answers 503 `no release` until a release's rule says else.

    With a certificate the listener speaks HTTPS and port 80 redirects to it. `url` has no slash at its end,
    `suffix` (app/NAME/ID) is what CloudWatch's metrics call it.
    """

    dns_name: pulumi.Output[str]
    suffix: pulumi.Output[str]
    listener_arn: pulumi.Output[str]
    url: pulumi.Output[str]

    def __init__(
        self,
        environment: str,
        chosen: settings.Balancer,
        subnet_ids: Sequence[pulumi.Input[str]],
        security_group_id: pulumi.Input[str],
        logs: LogsBucket | None,
        protect: bool,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`logs` is where each request leaves a line, if anywhere; `protect` has the engine refuse to delete it."""
        super().__init__("uneventful:infra:Balancer", "balancer", None, opts)
        self._own = pulumi.ResourceOptions(parent=self)
        load_balancer = aws.lb.LoadBalancer(
            "balancer",
            load_balancer_type="application",
            subnets=list(subnet_ids),
            security_groups=[security_group_id],
            idle_timeout=chosen.idle_timeout,
            drop_invalid_header_fields=True,
            enable_deletion_protection=chosen.deletion_protection,
            access_logs=aws.lb.LoadBalancerAccessLogsArgs(bucket=logs.bucket, enabled=True) if logs else None,
            tags=named(environment),
            opts=pulumi.ResourceOptions.merge(
                self._own,
                pulumi.ResourceOptions(protect=protect, depends_on=[logs.ready] if logs else None),
            ),
        )
        listener = self._listener(load_balancer, chosen)
        if chosen.certificate:
            self._redirect(load_balancer, chosen.listener_port)
        self.dns_name = load_balancer.dns_name
        self.suffix = load_balancer.arn_suffix
        self.listener_arn = listener.arn
        self.url = load_balancer.dns_name.apply(lambda name: public_url(chosen, name))
        self.register_outputs({"dnsName": self.dns_name, "listenerArn": self.listener_arn, "url": self.url})

    def _listener(self, load_balancer: aws.lb.LoadBalancer, chosen: settings.Balancer) -> aws.lb.Listener:
        return aws.lb.Listener(
            "listener",
            load_balancer_arn=load_balancer.arn,
            port=chosen.listener_port,
            protocol="HTTPS" if chosen.certificate else "HTTP",
            certificate_arn=chosen.certificate,
            ssl_policy=TLS_POLICY if chosen.certificate else None,
            default_actions=[
                aws.lb.ListenerDefaultActionArgs(
                    type="fixed-response",
                    fixed_response=aws.lb.ListenerDefaultActionFixedResponseArgs(
                        content_type="text/plain", message_body=NO_RELEASE, status_code="503"
                    ),
                )
            ],
            opts=self._own,
        )

    def _redirect(self, load_balancer: aws.lb.LoadBalancer, port: int) -> None:
        aws.lb.Listener(
            "redirect",
            load_balancer_arn=load_balancer.arn,
            port=80,
            protocol="HTTP",
            default_actions=[
                aws.lb.ListenerDefaultActionArgs(
                    type="redirect",
                    redirect=aws.lb.ListenerDefaultActionRedirectArgs(
                        protocol="HTTPS", port=str(port), status_code="HTTP_301"
                    ),
                )
            ],
            opts=self._own,
        )


def public_url(chosen: settings.Balancer, dns_name: str) -> str:
    """Where people reach the environment: the domain of the certificate, or the balancer's own name."""
    scheme, usual = ("https", 443) if chosen.certificate else ("http", 80)
    port = "" if chosen.listener_port == usual else f":{chosen.listener_port}"
    return f"{scheme}://{chosen.domain or dns_name}{port}"
