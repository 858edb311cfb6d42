"""Checks CloudFormation templates with cfn-lint, and every policy in them with parliament.

Both work without a network and without an account. A finding is fixed or acknowledged with
its reason in acknowledged.py. An acknowledgement that matches no finding is an error, as is
a finding that nothing acknowledges. Run it with `make lint`.
"""

import json
import multiprocessing
import re
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

# parliament uses pkg_resources, which warns that it is deprecated.
warnings.filterwarnings("ignore", category=UserWarning)
warnings.filterwarnings("ignore", category=DeprecationWarning)

import parliament
from cfnlint.api import ManualArgs, lint

from acknowledged import ACKNOWLEDGED

REGION, ACCOUNT = "eu-west-1", "123456789012"

# What the pseudo parameters stand for in a policy.
PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackName": "stack",
    "AWS::URLSuffix": "amazonaws.com",
}

# What follows arn:aws: in the ARN of a resource: policies name resources by Ref and Fn::GetAtt, and
# parliament compares their ARNs with those that an action takes.
ARNS = {
    "AWS::DynamoDB::Table": "dynamodb:{region}:{account}:table/{id}",
    "AWS::Events::ApiDestination": "events:{region}:{account}:api-destination/{id}/1",
    "AWS::Events::EventBus": "events:{region}:{account}:event-bus/{id}",
    "AWS::Events::Rule": "events:{region}:{account}:rule/{id}",
    "AWS::IAM::OIDCProvider": "iam::{account}:oidc-provider/{id}",
    "AWS::IAM::Role": "iam::{account}:role/{id}",
    "AWS::Lambda::Alias": "lambda:{region}:{account}:function:{id}:live",
    "AWS::Lambda::Function": "lambda:{region}:{account}:function:{id}",
    "AWS::Logs::LogGroup": "logs:{region}:{account}:log-group:{id}:*",
    "AWS::SecretsManager::Secret": "secretsmanager:{region}:{account}:secret:{id}",
    "AWS::SNS::Topic": "sns:{region}:{account}:{id}",
    "AWS::SQS::Queue": "sqs:{region}:{account}:{id}",
}


@dataclass(frozen=True, order=True)
class Finding:
    template: str
    where: str
    rule: str
    message: str

    def __str__(self):
        return f"{self.template}: {self.where}: {self.rule}: {self.message}"


def read(path):
    """Returns a template with its dashboard, which the golden templates keep in a file beside them."""
    template = json.loads(path.read_text())
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::CloudWatch::Dashboard":
            # The template joins text and what stands in ${} there, which is no Fn::Sub.
            body = (path.parent / resource["Properties"]["DashboardBody"]).read_text()
            resource["Properties"]["DashboardBody"] = body.replace("${", "{")
    return template


def check(path):
    template = read(path)
    return sorted({*check_template(path.name, template), *check_policies(path.name, template)})


def check_template(name, template):
    for match in lint(json.dumps(template), config=ManualArgs(regions=[REGION])):
        yield Finding(name, "/".join(map(str, match.path or [])), match.rule.id, " ".join(match.message.split()))


def check_policies(name, template):
    for where, policy in policies(template):
        analyzed = parliament.analyze_policy_string(json.dumps(policy), where, include_community_auditors=True)
        for finding in analyzed.findings:
            yield Finding(name, where, finding.issue, str(finding.detail or finding.location))


def policies(template):
    """Yields every policy of a template with its place, in the form that IAM has."""
    for logical_id, resource in template["Resources"].items():
        own = arn(template, logical_id)
        yield from within(resolved(template, resource), f"Resources/{logical_id}", own)


def within(value, where, own):
    if isinstance(value, str) and value.startswith("{"):
        try:
            value = json.loads(value)
        except ValueError:
            return  # The text of a pattern that is no JSON.
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from within(item, f"{where}/{index}", own)
    elif isinstance(value, dict):
        if is_policy(value):
            yield where, as_document(value, own)
            return
        for key, item in value.items():
            yield from within(item, f"{where}/{key}", own)


def is_policy(value):
    """Reports whether it has statements of IAM, as only policies do."""
    statements = value.get("Statement")
    statements = statements if isinstance(statements, list) else [statements]
    return all(isinstance(statement, dict) and "Effect" in statement for statement in statements)


def as_document(policy, own):
    """Returns a policy with what its place in the template leaves out."""
    statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
    return {
        # CloudFormation makes the version of a statement of an event bus.
        "Version": policy.get("Version", "2012-10-17"),
        # The resource of a trust policy is the role that has it.
        "Statement": [statement if "Principal" not in statement else {"Resource": own, **statement} for statement in statements],
    }


def resolved(template, value):
    """Returns a value with the intrinsic functions of CloudFormation replaced by what stands for them."""
    if isinstance(value, list):
        return [resolved(template, item) for item in value]
    if not isinstance(value, dict):
        return value
    match list(value.items()):
        case [("Ref", name)]:
            return PSEUDO.get(name) or arn(template, name)
        case [("Fn::GetAtt", [name, *_])]:
            return arn(template, name)
        case [("Fn::Join", [separator, parts])]:
            return separator.join(str(resolved(template, part)) for part in parts)
        case [("Fn::Sub", str(text))]:
            return re.sub(r"\$\{([^}]+)\}", lambda found: resolved(template, {"Ref": found[1]}), text)
        case [("Fn::If", [_, met, _])]:
            return resolved(template, met)
        case [(function, _)] if function.startswith("Fn::"):
            return function
    return {key: resolved(template, item) for key, item in value.items()}


def arn(template, name):
    """Returns an ARN for a resource, or a name for what has none here."""
    kind = template["Resources"].get(name, {}).get("Type")
    if kind not in ARNS:
        return name
    return "arn:aws:" + ARNS[kind].format(region=REGION, account=ACCOUNT, id=name)


def compare(findings, acknowledged):
    """Returns what is wrong, a line for each."""
    for finding in findings:
        if not any(acknowledgement.matches(finding) for acknowledgement in acknowledged):
            yield str(finding)
    for acknowledgement in acknowledged:
        if not any(acknowledgement.matches(finding) for finding in findings):
            yield f"acknowledged.py: nothing is {acknowledgement.rule} at {acknowledgement.where}: remove it"


def main(paths):
    with multiprocessing.Pool() as pool:
        findings = [finding for found in pool.map(check, paths, chunksize=1) for finding in found]
    problems = list(compare(findings, ACKNOWLEDGED))
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: linttemplates.py TEMPLATE …")
    sys.exit(main([Path(argument) for argument in sys.argv[1:]]))
