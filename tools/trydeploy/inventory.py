"""What is in the account, by the API of each service, and not by CloudFormation."""

import json
from collections import Counter

import boto3
from botocore.exceptions import ClientError


def read():
    """Returns the names of what is in the account, by type.

    A part of a resource, such as the policy of a role, has the name of the whole before
    its own.
    """
    return {kind: set(names()) for kind, names in LISTS.items()}


def subtract(now, before):
    return {kind: now[kind] - before[kind] for kind in now}


def count(template, without):
    """Returns how many names read has for a template, by type."""
    wanted = Counter()
    for resource in template["Resources"].values():
        if resource["Type"] not in without:
            # A rule is the number of its targets.
            wanted[resource["Type"]] += len(resource["Properties"].get("Targets", [None]))
    return wanted


def loose_ends(stand_in):
    """Returns what targets and event source mappings refer to and does not exist."""
    ends = {target["Arn"] for _, _, target in targets()}
    for mapping in pages("lambda", "list_event_source_mappings", "EventSourceMappings"):
        ends |= {mapping["EventSourceArn"], mapping["FunctionArn"]}
    existing = {bus["Arn"] for bus in buses()} | {function["FunctionArn"] for function in functions()}
    # moto replaces the alias in a mapping by the version behind it.
    existing |= {version["FunctionArn"] for version in versions()} | {alias["AliasArn"] for alias in aliases()}
    existing |= {group["arn"].removesuffix(":*") for group in log_groups()}
    existing |= {attributes["QueueArn"] for attributes in map(queue_attributes, queues())}
    return sorted(end for end in ends if end not in existing and not end.startswith(stand_in))


def pages(service, operation, key, **arguments):
    client = boto3.client(service)
    if client.can_paginate(operation):
        for page in client.get_paginator(operation).paginate(**arguments):
            yield from page.get(key, [])
    else:
        yield from getattr(client, operation)(**arguments)[key]


def queues():
    return pages("sqs", "list_queues", "QueueUrls")


def queue_attributes(url):
    return boto3.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]


def functions():
    return pages("lambda", "list_functions", "Functions")


def versions():
    for function in functions():
        yield from pages("lambda", "list_versions_by_function", "Versions", FunctionName=function["FunctionName"])


def aliases():
    for function in functions():
        yield from pages("lambda", "list_aliases", "Aliases", FunctionName=function["FunctionName"])


def log_groups():
    return pages("logs", "describe_log_groups", "logGroups")


def buses():
    return pages("events", "list_event_buses", "EventBuses")


def targets():
    """Yields each target of a rule that EventBridge has not made for itself, for an archive."""
    for bus in buses():
        for rule in pages("events", "list_rules", "Rules", EventBusName=bus["Name"]):
            if "ManagedBy" in rule:
                continue
            for target in pages("events", "list_targets_by_rule", "Targets", EventBusName=bus["Name"], Rule=rule["Name"]):
                yield bus["Name"], rule["Name"], target


def permissions():
    for function in functions():
        try:
            policy = boto3.client("lambda").get_policy(FunctionName=function["FunctionName"])["Policy"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            continue  # The function has no permission.
        for statement in json.loads(policy)["Statement"]:
            yield f"{function['FunctionName']} {statement}"


def roles():
    return pages("iam", "list_roles", "Roles")


# How to list the resources of each type that moto knows.
LISTS = {
    "AWS::DynamoDB::Table": lambda: pages("dynamodb", "list_tables", "TableNames"),
    "AWS::Events::Archive": lambda: (archive["ArchiveName"] for archive in pages("events", "list_archives", "Archives")),
    "AWS::Events::EventBus": lambda: (bus["Name"] for bus in buses()),
    "AWS::Events::Rule": lambda: (f"{bus} {rule} {target['Id']}" for bus, rule, target in targets()),
    "AWS::IAM::Policy": lambda: (
        f"{role['RoleName']} {policy}"
        for role in roles() for policy in pages("iam", "list_role_policies", "PolicyNames", RoleName=role["RoleName"])),
    "AWS::IAM::Role": lambda: (role["RoleName"] for role in roles()),
    "AWS::Lambda::EventSourceMapping": lambda: (
        mapping["UUID"] for mapping in pages("lambda", "list_event_source_mappings", "EventSourceMappings")),
    "AWS::Lambda::Function": lambda: (function["FunctionName"] for function in functions()),
    "AWS::Lambda::Permission": permissions,
    "AWS::Lambda::Version": lambda: (version["FunctionArn"] for version in versions() if version["Version"] != "$LATEST"),
    "AWS::Logs::LogGroup": lambda: (group["logGroupName"] for group in log_groups()),
    "AWS::Logs::ResourcePolicy": lambda: (
        policy["policyName"] for policy in pages("logs", "describe_resource_policies", "resourcePolicies")),
    "AWS::SQS::Queue": queues,
}
