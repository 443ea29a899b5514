"""What the bridge carries: the types and functions of the program, by Pulumi's token without `aws:`."""

from __future__ import annotations

from localcloud.engine.aws.errors import NotCarriedError

PROVIDER = "provider"

RESOURCES = {
    "ec2/vpc:Vpc": "aws_vpc",
    "ec2/subnet:Subnet": "aws_subnet",
    "ec2/internetGateway:InternetGateway": "aws_internet_gateway",
    "ec2/eip:Eip": "aws_eip",
    "ec2/natGateway:NatGateway": "aws_nat_gateway",
    "ec2/routeTable:RouteTable": "aws_route_table",
    "ec2/route:Route": "aws_route",
    "ec2/routeTableAssociation:RouteTableAssociation": "aws_route_table_association",
    "ec2/vpcEndpoint:VpcEndpoint": "aws_vpc_endpoint",
    "ec2/securityGroup:SecurityGroup": "aws_security_group",
    "vpc/securityGroupIngressRule:SecurityGroupIngressRule": "aws_vpc_security_group_ingress_rule",
    "vpc/securityGroupEgressRule:SecurityGroupEgressRule": "aws_vpc_security_group_egress_rule",
    "ec2/launchTemplate:LaunchTemplate": "aws_launch_template",
    "ec2/keyPair:KeyPair": "aws_key_pair",
    "ec2/instance:Instance": "aws_instance",
    "lb/loadBalancer:LoadBalancer": "aws_lb",
    "lb/targetGroup:TargetGroup": "aws_lb_target_group",
    "lb/listener:Listener": "aws_lb_listener",
    "lb/listenerRule:ListenerRule": "aws_lb_listener_rule",
    "autoscaling/group:Group": "aws_autoscaling_group",
    "autoscaling/policy:Policy": "aws_autoscaling_policy",
    "autoscaling/schedule:Schedule": "aws_autoscaling_schedule",
    "iam/role:Role": "aws_iam_role",
    "iam/rolePolicy:RolePolicy": "aws_iam_role_policy",
    "iam/rolePolicyAttachment:RolePolicyAttachment": "aws_iam_role_policy_attachment",
    "iam/policy:Policy": "aws_iam_policy",
    "iam/instanceProfile:InstanceProfile": "aws_iam_instance_profile",
    "s3/bucket:Bucket": "aws_s3_bucket",
    "s3/bucketVersioning:BucketVersioning": "aws_s3_bucket_versioning",
    "s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "aws_s3_bucket_public_access_block",
    "s3/bucketOwnershipControls:BucketOwnershipControls": "aws_s3_bucket_ownership_controls",
    "s3/bucketPolicy:BucketPolicy": "aws_s3_bucket_policy",
    "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        "aws_s3_bucket_server_side_encryption_configuration"
    ),
    "s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": "aws_s3_bucket_lifecycle_configuration",
    "s3/bucketObjectv2:BucketObjectv2": "aws_s3_object",
    "ssm/parameter:Parameter": "aws_ssm_parameter",
    "rds/subnetGroup:SubnetGroup": "aws_db_subnet_group",
    "rds/parameterGroup:ParameterGroup": "aws_db_parameter_group",
    "rds/instance:Instance": "aws_db_instance",
    "elasticache/subnetGroup:SubnetGroup": "aws_elasticache_subnet_group",
    "elasticache/parameterGroup:ParameterGroup": "aws_elasticache_parameter_group",
    "elasticache/replicationGroup:ReplicationGroup": "aws_elasticache_replication_group",
    "sqs/queue:Queue": "aws_sqs_queue",
    "sqs/queuePolicy:QueuePolicy": "aws_sqs_queue_policy",
    "sqs/redriveAllowPolicy:RedriveAllowPolicy": "aws_sqs_queue_redrive_allow_policy",
    "secretsmanager/secret:Secret": "aws_secretsmanager_secret",
    "secretsmanager/secretVersion:SecretVersion": "aws_secretsmanager_secret_version",
    "scheduler/schedule:Schedule": "aws_scheduler_schedule",
    "scheduler/scheduleGroup:ScheduleGroup": "aws_scheduler_schedule_group",
    "cloudwatch/logGroup:LogGroup": "aws_cloudwatch_log_group",
    "cloudwatch/metricAlarm:MetricAlarm": "aws_cloudwatch_metric_alarm",
    "cloudwatch/dashboard:Dashboard": "aws_cloudwatch_dashboard",
    "sns/topic:Topic": "aws_sns_topic",
    "sns/topicPolicy:TopicPolicy": "aws_sns_topic_policy",
    "sns/topicSubscription:TopicSubscription": "aws_sns_topic_subscription",
    "kms/key:Key": "aws_kms_key",
    "kms/alias:Alias": "aws_kms_alias",
}

FUNCTIONS = {
    "index/getAvailabilityZones:getAvailabilityZones": "aws_availability_zones",
    "index/getCallerIdentity:getCallerIdentity": "aws_caller_identity",
    "index/getRegion:getRegion": "aws_region",
    "index/getPartition:getPartition": "aws_partition",
    "ssm/getParameter:getParameter": "aws_ssm_parameter",
    "ec2/getAmi:getAmi": "aws_ami",
    "iam/getPolicyDocument:getPolicyDocument": "aws_iam_policy_document",
}


def resource(pulumi_type: str) -> tuple[str, str]:
    """(token, Terraform type) of a resource type such as `aws:ec2/vpc:Vpc`."""
    return _look_up(pulumi_type, RESOURCES, "resource type")


def function(pulumi_token: str) -> tuple[str, str]:
    """(token, Terraform data source) of a function such as `aws:ec2/getAmi:getAmi`."""
    return _look_up(pulumi_token, FUNCTIONS, "function")


def _look_up(full: str, table: dict[str, str], noun: str) -> tuple[str, str]:
    token = full.removeprefix("aws:")
    if token not in table:
        raise NotCarriedError(
            f"the stand-in for the AWS plugin does not carry the {noun} {full}. It carries what this project's "
            "program uses; add the type to localcloud/engine/aws/tokens.py together with its contract test, "
            "or use Pulumi's own AWS plugin."
        )
    return token, table[token]
