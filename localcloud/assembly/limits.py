"""Writes limits.json: what AWS allows as the value of each supported property.

The limits are those of CloudFormation's resource schemas, which cfn-lint carries, and of OVERRIDES, which are
documented elsewhere. Run it with the Python of .bin/linttemplates, which has cfn-lint:

    ../../.bin/linttemplates/bin/python limits.py
"""

import json
import pathlib
import re

import cfnlint

SCHEMAS = pathlib.Path(cfnlint.__file__).parent / "data" / "schemas" / "providers"
HERE = pathlib.Path(__file__).parent

# https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
TAGS = {"Tags": {"max": 50}}

# What the schemas do not have, or have for functions that the local cloud does not run: on instances of their own, or on
# images. None removes a limit: it is checked elsewhere, or is of placeholders in a template that is run before they are
# replaced.
OVERRIDES = {
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html
    "AWS::CloudWatch::Dashboard": {"DashboardName": {"max": 255, "pattern": "[A-Za-z0-9_-]+"}},
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
    # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
    "AWS::DynamoDB::GlobalTable": {
        "TableName": {"min": 3, "max": 255, "pattern": "[a-zA-Z0-9_.-]+"},
        "KeySchema": {"min": 1, "max": 2},
        "GlobalSecondaryIndexes": {"max": 20},
        "TimeToLiveSpecification.AttributeName": {"min": 1, "max": 255},
    },
    "AWS::DynamoDB::Table": {
        "TableName": {"min": 3, "max": 255, "pattern": "[a-zA-Z0-9_.-]+"},
        "KeySchema": {"type": "array", "min": 1, "max": 2},
        "KeySchema[].AttributeName": {"min": 1, "max": 255},
        "KeySchema[].KeyType": {"enum": ["HASH", "RANGE"]},
        "GlobalSecondaryIndexes": {"max": 20},
        "GlobalSecondaryIndexes[].KeySchema[].AttributeName": {"min": 1, "max": 255},
        "GlobalSecondaryIndexes[].KeySchema[].KeyType": {"enum": ["HASH", "RANGE"]},
        "GlobalSecondaryIndexes[].Projection.NonKeyAttributes": {"max": 20},
        "TimeToLiveSpecification.AttributeName": {"min": 1, "max": 255},
    },
    # https://docs.aws.amazon.com/eventbridge/latest/schema-reference/v1-registries-name-registryname.html
    # https://docs.aws.amazon.com/eventbridge/latest/schema-reference/v1-registries-name-registryname-schemas-name-schemaname.html
    # The names: https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/schemas_registry
    # https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/schemas_schema
    "AWS::EventSchemas::Registry": {
        "Description": {"max": 256},
        "RegistryName": {"min": 1, "max": 64, "pattern": "[A-Za-z0-9._@-]+"},
    },
    "AWS::EventSchemas::Schema": {
        "Content": {"min": 1, "max": 100000},
        "Description": {"max": 256},
        "RegistryName": {"min": 1, "max": 64, "pattern": "[A-Za-z0-9._@-]+"},
        "SchemaName": {"min": 1, "max": 385, "pattern": "[A-Za-z0-9._@-]+"},
    },
    # https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateApiDestination.html
    "AWS::Events::ApiDestination": {
        "ConnectionArn": {"pattern": "arn:aws:events:.+:connection/.+"},
        "InvocationEndpoint": {"pattern": None},
    },
    # Empty secrets are placeholders, which no local receiver refuses.
    "AWS::Events::Connection": {
        "AuthParameters.ApiKeyAuthParameters.ApiKeyValue": {"min": None, "pattern": None},
        "AuthParameters.BasicAuthParameters.Password": {"min": None, "pattern": None},
        "AuthParameters.BasicAuthParameters.Username": {"min": None, "pattern": None},
    },
    # A slash is for the buses of partners.
    # https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateEventBus.html
    "AWS::Events::EventBus": {"Name": {"pattern": "[._A-Za-z0-9-]+"}, "Description": {"max": 512}},
    # https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html
    "AWS::Events::Rule": {
        "ScheduleExpression": {"pattern": None},
        "Targets[].HttpParameters.HeaderParameters.*": {"max": 512},
        "Targets[].HttpParameters.QueryStringParameters.*": {"max": 512},
        "Targets[].HttpParameters.PathParameterValues[]": {"pattern": r".*\S.*"},
        "Targets[].InputTransformer.InputPathsMap.*": {"max": 256},
        "Targets[].SqsParameters.MessageGroupId": {"max": 100},
    },
    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html
    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
    "AWS::IAM::Role": {
        "Path": {"pattern": "/|/[!-~]+/"},
        "Policies[].PolicyName": {"min": 1, "max": 128, "pattern": r"[\w+=,.@-]+"},
    },
    # https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html
    "AWS::Lambda::Alias": {
        "Name": {"pattern": "[a-zA-Z0-9_-]*[a-zA-Z_-][a-zA-Z0-9_-]*"},
        "RoutingConfig.AdditionalVersionWeights": {"max": 1},
        "RoutingConfig.AdditionalVersionWeights[].FunctionVersion": {"min": 1, "max": 1024, "pattern": "[0-9]+"},
        "RoutingConfig.AdditionalVersionWeights[].FunctionWeight": {"min": 0, "max": 1},
    },
    # A raised quota allows ten filters.
    # https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
    "AWS::Lambda::EventSourceMapping": {
        "EventSourceArn": {"min": None, "pattern": None},
        "FilterCriteria.Filters": {"max": 10},
        "FunctionName": {"pattern": None},
    },
    "AWS::Lambda::EventInvokeConfig": {"FunctionName": {"pattern": None}},
    "AWS::Lambda::Version": {"FunctionName": {"pattern": None}},
    # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    "AWS::Lambda::Function": {
        "EphemeralStorage.Size": {"max": 10240},
        "FunctionName": {"max": 64, "pattern": "[a-zA-Z0-9_-]+"},
        "MemorySize": {"max": 10240},
        "Role": {"pattern": "arn:aws:iam::[0-9]{12}:role/.+"},
        "Runtime": {"enum": None},
        "Timeout": {"max": 900},
    },
    # https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html
    "AWS::Lambda::Permission": {"FunctionName": {"pattern": None}, "Principal": {"pattern": r"\S+"}},
    # https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunctionUrlConfig.html
    "AWS::Lambda::Url": {"Qualifier": {"pattern": "[a-zA-Z0-9_-]*[a-zA-Z_-][a-zA-Z0-9_-]*"}},
    # https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
    "AWS::SNS::Topic": {"TopicName": {"min": 1, "pattern": "[A-Za-z0-9_-]+"}},
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
    "AWS::SQS::Queue": {
        "DeduplicationScope": {"enum": ["messageGroup", "queue"]},
        "FifoThroughputLimit": {"enum": ["perQueue", "perMessageGroupId"]},
        "QueueName": {"min": 1, "max": 80, "pattern": r"[A-Za-z0-9_-]+(\.fifo)?"},
        "RedriveAllowPolicy.sourceQueueArns": {"max": 10},
        "RedrivePolicy.maxReceiveCount": {"min": 1, "max": 1000},
    },
    # https://docs.aws.amazon.com/scheduler/latest/APIReference/API_DeadLetterConfig.html
    "AWS::Scheduler::Schedule": {
        "Target.DeadLetterConfig.Arn": {"pattern": None},
        "Target.RoleArn": {"pattern": "arn:aws:iam::[0-9]{12}:role/.+"},
    },
    # https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
    # https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html
    "AWS::SecretsManager::Secret": {
        "GenerateSecretString.ExcludeCharacters": {"max": 4096},
        "GenerateSecretString.PasswordLength": {"min": 1, "max": 4096},
        "Name": {"min": 1, "pattern": "[A-Za-z0-9/_+=.@-]+"},
    },
}


def names(pattern):
    """Returns the names of properties in the tags that a pattern finds."""
    tags = re.findall(pattern, "".join(path.read_text() for path in HERE.glob("*.go")))
    return {name.split(",")[0] for tag in tags for name in tag.split()}


def members(schema, root):
    """Yields the members of a schema by their paths."""
    while "$ref" in schema:
        found = root
        for part in schema["$ref"].lstrip("#/").split("/"):
            found = found[part]
        schema = found
    for option in schema.get("oneOf", []) if "type" not in schema else []:
        if option.get("type") == "array":
            schema = {**option, **schema}
    yield "", schema
    for name, member in schema.get("properties", {}).items():
        yield from ((f".{name}{path}", found) for path, found in members(member, root))
    for member in schema.get("patternProperties", {}).values():
        yield from ((f".*{path}", found) for path, found in members(member, root))
    if isinstance(schema.get("items"), dict):
        yield from ((f"[]{path}", found) for path, found in members(schema["items"], root))


def limit(schema):
    """Returns what a schema allows: its bounds are of a number, the length of a text or the length of a list."""
    kind = schema.get("type")
    made = {"type": kind} if isinstance(kind, str) else {}
    for bound, names in {"min": ["minimum", "minLength", "minItems"], "max": ["maximum", "maxLength", "maxItems"]}.items():
        for name in names:
            if schema.get(name):
                made[bound] = schema[name]
        if bound == "min" and schema.get("minimum") == 0:
            made["min"] = 0
    pattern = schema.get("pattern")
    if pattern and not re.search(r"\(\?[<!=]", pattern):  # Go has no lookaround.
        if pattern.startswith("^") and not pattern.endswith(("$", r"\Z")):
            pattern += ".*"  # Every other pattern is of the whole text.
        made["pattern"] = re.sub(r"\\u([0-9A-F]{4})", r"\\x{\1}", pattern).replace(r"\Z", "$")
    if "enum" in schema:
        made["enum"] = [str(value) for value in schema["enum"]]
    if kind == "object" and "required" in schema:
        made["required"] = schema["required"]
    return made


def limits(resource_type, version):
    root = json.loads((SCHEMAS.parent / "resources" / f"{version}.json").read_text())
    supported, harmless = names(r'`cfn:"([^"]+)'), names(r'Harmless\s+`cfn:"([^"]+)')
    listed = names(r'`cfn:"([^"]+)" values:')
    computed = {path.rsplit("/", 1)[-1] for path in root.get("readOnlyProperties", [])}
    made = {}
    for path, schema in members({"properties": root["properties"]}, root):
        parts = re.findall(r"\w+", path)
        inside = next((at for at, part in enumerate(parts) if part in harmless), len(parts))
        if parts and parts[0] not in computed and all(part in supported for part in parts[: inside + 1]):
            made[path[1:]] = limit(schema)
            if parts[-1] in listed:  # The supported values are in the tag.
                made[path[1:]].pop("enum", None)
    overrides = {**OVERRIDES.get(resource_type, {}), **({} if "Tags" not in made else TAGS)}
    for path, override in overrides.items():
        made[path] = {name: value for name, value in {**made.get(path, {}), **override}.items() if value is not None}
    return dict(sorted(made.items()))


def main():
    versions = json.loads((SCHEMAS / "us-east-1.json").read_text())
    types = re.findall(r'"(AWS::\w+::\w+)":', (HERE / "identity.go").read_text())
    table = {each: limits(each, versions[each]) for each in types if each in versions}
    rows = (
        f' "{each}": {{\n' + ",\n".join(f"  {json.dumps(path)}: {json.dumps(found)}" for path, found in paths.items()) + "\n }"
        for each, paths in table.items()
    )
    (HERE / "limits.json").write_text("{\n" + ",\n".join(rows) + "\n}\n")


if __name__ == "__main__":
    main()
