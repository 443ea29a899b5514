"""AWS as the contract tests have it: moto behind HTTP, boto3 clients, and parents that scenarios share."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import boto3

REGION = "eu-west-1"
ACCOUNT = "123456789012"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ec2.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)


def policy(action: str) -> str:
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}
    )


@dataclass(frozen=True)
class AwsSide:
    """`endpoint` is moto's address. Parents are made directly, at once, without Terraform's fixed waits."""

    endpoint: str

    @property
    def environ(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        }

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    @cached_property
    def ec2(self) -> Any:
        return self.client("ec2")

    @cached_property
    def elb(self) -> Any:
        return self.client("elbv2")

    @cached_property
    def autoscaling(self) -> Any:
        return self.client("autoscaling")

    @cached_property
    def iam(self) -> Any:
        return self.client("iam")

    @cached_property
    def s3(self) -> Any:
        return self.client("s3")

    @cached_property
    def ssm(self) -> Any:
        return self.client("ssm")

    @cached_property
    def cloudwatch(self) -> Any:
        return self.client("cloudwatch")

    @cached_property
    def elasticache(self) -> Any:
        return self.client("elasticache")

    @cached_property
    def kms(self) -> Any:
        return self.client("kms")

    @cached_property
    def logs(self) -> Any:
        return self.client("logs")

    @cached_property
    def rds(self) -> Any:
        return self.client("rds")

    @cached_property
    def scheduler(self) -> Any:
        return self.client("scheduler")

    @cached_property
    def secrets(self) -> Any:
        return self.client("secretsmanager")

    @cached_property
    def sns(self) -> Any:
        return self.client("sns")

    @cached_property
    def sqs(self) -> Any:
        return self.client("sqs")

    @cached_property
    def vpc(self) -> str:
        return self.new_vpc("10.0.0.0/16")

    @cached_property
    def subnets(self) -> list[str]:
        return [
            self.ec2.create_subnet(
                VpcId=self.vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{REGION}{letter}"
            )["Subnet"]["SubnetId"]
            for number, letter in enumerate("ab", start=1)
        ]

    @cached_property
    def gateway(self) -> str:
        return self.new_gateway(self.vpc)

    @cached_property
    def group(self) -> str:
        return self.new_group("shared")

    @cached_property
    def image(self) -> str:
        return self.ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]

    @cached_property
    def balancer(self) -> str:
        answer = self.elb.create_load_balancer(Name="shared", Subnets=self.subnets)
        return answer["LoadBalancers"][0]["LoadBalancerArn"]

    @cached_property
    def targets(self) -> str:
        return self.new_targets("shared")

    @cached_property
    def other_targets(self) -> str:
        return self.new_targets("other")

    @cached_property
    def listener(self) -> str:
        answer = self.elb.create_listener(
            LoadBalancerArn=self.balancer,
            Port=8081,
            Protocol="HTTP",
            DefaultActions=[{"Type": "forward", "TargetGroupArn": self.targets}],
        )
        return answer["Listeners"][0]["ListenerArn"]

    @cached_property
    def template(self) -> str:
        answer = self.ec2.create_launch_template(
            LaunchTemplateName="shared",
            LaunchTemplateData={"ImageId": self.image, "InstanceType": "t3.micro"},
        )
        return answer["LaunchTemplate"]["LaunchTemplateId"]

    @cached_property
    def scaling_group(self) -> str:
        self.autoscaling.create_auto_scaling_group(
            AutoScalingGroupName="shared",
            MinSize=0,
            MaxSize=2,
            LaunchTemplate={"LaunchTemplateId": self.template, "Version": "$Latest"},
            VPCZoneIdentifier=",".join(self.subnets),
        )
        return "shared"

    def new_vpc(self, block: str) -> str:
        return self.ec2.create_vpc(CidrBlock=block)["Vpc"]["VpcId"]

    def new_gateway(self, vpc: str) -> str:
        gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        return gateway

    def new_table(self) -> str:
        return self.ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"]

    def new_group(self, name: str) -> str:
        return self.ec2.create_security_group(GroupName=name, Description=name, VpcId=self.vpc)["GroupId"]

    def new_targets(self, name: str) -> str:
        answer = self.elb.create_target_group(Name=name, Protocol="HTTP", Port=8080, VpcId=self.vpc)
        return answer["TargetGroups"][0]["TargetGroupArn"]

    def new_address(self) -> str:
        return self.ec2.allocate_address(Domain="vpc")["AllocationId"]

    def new_role(self, name: str) -> str:
        self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
        return name

    def new_bucket(self, name: str) -> str:
        self.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        return name

    def new_topic(self, name: str) -> str:
        return self.sns.create_topic(Name=name)["TopicArn"]

    def new_queue(self, name: str, **attributes: str) -> str:
        return self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]

    def queue_arn(self, url: str) -> str:
        found = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return found["Attributes"]["QueueArn"]

    def new_secret(self, name: str) -> str:
        return self.secrets.create_secret(Name=name)["ARN"]

    def new_key(self) -> str:
        return self.kms.create_key()["KeyMetadata"]["KeyId"]
