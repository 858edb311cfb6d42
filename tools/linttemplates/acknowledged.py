"""The findings that are no mistakes, each with the reason."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Acknowledgement:
    rule: str
    where: str  # A regular expression for the whole place in the template.
    reason: str
    template: str = ".*"  # The same for the name of the template.

    def matches(self, finding):
        return (
            finding.rule == self.rule
            and re.fullmatch(self.where, finding.where) is not None
            and re.fullmatch(self.template, finding.template) is not None
        )


BOUNDARY = r"Resources/Boundary/Properties/PolicyDocument"
GITHUB = r"Resources/(Reviewer|Deployer)\w+/Properties/AssumeRolePolicyDocument"

ACKNOWLEDGED = [
    Acknowledgement(
        "W3005", r"Resources/\w+/DependsOn/\d+",
        "The CDK makes whatever has a role wait for the role and for its policy, and only the policy is not implied.",
    ),
    Acknowledgement(
        "CREDENTIALS_EXPOSURE", r"Resources/\w+/Properties/AssumeRolePolicyDocument",
        "A trust policy allows nothing else than to get the credentials of its role.",
    ),
    Acknowledgement(
        "INVALID_SID", r"Resources/\w+Bus\w+/Properties",
        "The ids of statements of an event bus may have hyphens, as those of the CDK have: "
        "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutPermission.html",
    ),
    Acknowledgement(
        "PERMISSIONS_MANAGEMENT_ACTIONS", r"Resources/\w+Key\w+/Properties/KeyPolicy",
        "A key without a statement for its account could never be changed: "
        "https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html",
    ),
    Acknowledgement(
        "RESOURCE_STAR", r"Resources/\w+Key\w+/Properties/KeyPolicy", "In the policy of a key, * is the key itself.",
    ),
    Acknowledgement(
        "RESOURCE_STAR", r"Resources/\w+DeploymentRoleDefaultPolicy\w+/Properties/PolicyDocument",
        "CodeDeploy reads alarms, and AWS documents no narrower permission: "
        "https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSCodeDeployRoleForLambdaLimited.html",
    ),
    # GitHub's identity provider. infra/github_test.go compares what it accepts.
    Acknowledgement(
        "UNKNOWN_CONDITION_FOR_ACTION", GITHUB,
        "parliament has the condition keys of no identity provider. They are the claims of GitHub's tokens: "
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif",
    ),
    Acknowledgement(
        "UNKNOWN_FEDERATION_SOURCE", GITHUB,
        "The provider of the template has an ARN that AWS makes, and parliament compares the ARN with those of known providers.",
    ),
    Acknowledgement(
        "CREDENTIALS_EXPOSURE", r"Resources/DeployerDefaultPolicy\w+/Properties/PolicyDocument",
        "The deployer does nothing but assume three roles of the CDK, which the policy names.",
        template=r"github\.golden\.json",
    ),
    # The boundary is no permission but the limit of all: infra/boundary_test.go compares what is within it.
    Acknowledgement(
        "CREDENTIALS_EXPOSURE", BOUNDARY, "The roles of the CDK assume each other, by names of this environment.",
    ),
    Acknowledgement(
        "PERMISSIONS_MANAGEMENT_ACTIONS", BOUNDARY, "CloudFormation's role makes the roles and policies of the stack.",
    ),
    Acknowledgement(
        "PRIVILEGE_ESCALATION", BOUNDARY,
        "Each role that CloudFormation's role makes must have this boundary itself, by the denials in it.",
    ),
    Acknowledgement(
        "RESOURCE_MISMATCH", BOUNDARY, "Wildcards of actions include some that take other resources: those are not allowed.",
    ),
    Acknowledgement(
        "RESOURCE_STAR", BOUNDARY,
        "What AWS names cannot be named before: the statements NamedByAWS and RoleOfApiDestinations. Others deny.",
    ),
    Acknowledgement(
        "MISMATCHED_TYPE_BUT_USABLE", BOUNDARY,
        "The boundary is compared as a text, without wildcards: another one must not match.",
    ),
]
