"""moto as a server, and all that is done for moto and not for AWS.

What moto refuses and AWS accepts is here, each with its reason: our templates and
commands stay those for AWS.
"""

import functools
import json
import logging
import re
import warnings

from moto.awslambda.models import LambdaVersion
from moto.awslambda.utils import get_backend
from moto.cloudformation import parsing
from moto.cloudformation.exceptions import CloudFormationError
from moto.cloudformation.models import CloudFormationBackend
from moto.events.models import Archive, EventBus
from moto.server import ThreadedMotoServer
from moto.sqs.models import Queue

# The types that moto's CloudFormation does not make, and what checks them instead.
# `make try-deploy` fails if moto does not know a type that is not here, and if one here is
# in no template or is known to moto.
UNKNOWN_TYPES = {
    "AWS::Events::ApiDestination": "the local cloud makes them, and acceptance receives notifications",
    "AWS::Events::Connection": "the local cloud makes them, and acceptance receives notifications",
    "AWS::Events::EventBusPolicy": "the policy linter of make lint",
    "AWS::Lambda::Alias": "infra/deployment_test.go, and the local cloud invokes by it; see Alias",
    "AWS::Lambda::EventInvokeConfig": "the local cloud follows them, and acceptance has dead letters",
    "AWS::Lambda::Url": "the local cloud makes it, and acceptance places orders by it",
    "AWS::S3::BucketPolicy": "is part of the CDK's bootstrap alone",
    "AWS::SQS::QueuePolicy": "the policy linter of make lint, and the local cloud follows them",
    "AWS::Scheduler::Schedule": "the local cloud runs it, and acceptance has late orders",
    "AWS::SecretsManager::Secret": "infra/secret_test.go, and the local cloud makes them",
}

STAND_IN = "arn:aws:stand-in:"


class StandIn:
    """A resource of a type that moto does not know, so that others can refer to it.

    moto resolves Ref and Fn::GetAtt of such a resource to nothing, and then refuses
    the policies that name it.
    """

    def __init__(self, name):
        self.physical_resource_id = f"{STAND_IN}eu-west-1:123456789012:{name}"

    def is_created(self):
        return True

    @classmethod
    def has_cfn_attr(cls, attribute):
        return True

    def get_cfn_attribute(self, attribute):
        return self.physical_resource_id

    @classmethod
    def create_from_cloudformation_json(cls, resource_name, *_, **__):
        return cls(resource_name)

    @classmethod
    def update_from_cloudformation_json(cls, original_resource, **_):
        return original_resource

    def delete(self, account_id, region_name):
        """There is nothing to delete."""


class Alias(StandIn):
    """An alias, made by moto's Lambda: what invokes the function names the alias by its ARN."""

    def __init__(self, properties, account, region):
        backend = get_backend(account, region)
        self.function, self.name = properties["FunctionName"], properties["Name"]
        alias = backend.create_alias(self.name, self.function, properties["FunctionVersion"], "", None)
        self.physical_resource_id = alias.arn

    @classmethod
    def create_from_cloudformation_json(cls, _, cloudformation_json, account_id, region_name, **__):
        return cls(cloudformation_json["Properties"], account_id, region_name)

    @classmethod
    def update_from_cloudformation_json(cls, original_resource, cloudformation_json, account_id, region_name, **_):
        version = cloudformation_json["Properties"]["FunctionVersion"]
        get_backend(account_id, region_name).update_alias(
            original_resource.name, original_resource.function, version, None, None)
        return original_resource

    def delete(self, account_id, region_name):
        """moto deletes it with its function."""


def before_creation(model, prepare):
    """Lets prepare change the name and the properties of a model's resources."""
    create = model.create_from_cloudformation_json.__func__

    @functools.wraps(create)
    def prepared(cls, resource_name, cloudformation_json, *arguments, **options):
        resource_name = prepare(resource_name, cloudformation_json["Properties"])
        return create(cls, resource_name, cloudformation_json, *arguments, **options)

    model.create_from_cloudformation_json = classmethod(prepared)


def pattern_as_text(name, properties):
    # moto takes the pattern of an archive as text, CloudFormation as an object:
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-archive.html
    if isinstance(properties.get("EventPattern"), dict):
        properties["EventPattern"] = json.dumps(properties["EventPattern"])
    return name


def fifo_suffix(name, properties):
    # The names that CloudFormation generates for FIFO queues end as SQS requires, those of moto do not.
    return f"{name}.fifo" if properties.get("FifoQueue") and not name.endswith(".fifo") else name


class ChangeSetNotFound(CloudFormationError):
    code = "ChangeSetNotFound"


def describe_change_set(backend, change_set_name):
    # The CDK repeats this call until it gets the code that AWS has for a deleted change set. moto has the
    # code for a stack that does not exist:
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeChangeSet.html
    for change_set in backend.change_sets.values():
        if change_set_name in (change_set.change_set_id, change_set.change_set_name):
            return change_set
    raise ChangeSetNotFound(f"ChangeSet [{change_set_name}] does not exist")


class Moto(logging.Handler):
    """moto, running on a free port while the context lasts. faults has what went wrong inside of it."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.faults = []
        self.known_types = set(parsing.get_model_map())
        for kind in UNKNOWN_TYPES:
            parsing.get_model_map().setdefault(kind, Alias if kind == "AWS::Lambda::Alias" else StandIn)
        before_creation(Archive, pattern_as_text)
        before_creation(Queue, fifo_suffix)
        # moto resolves Ref of a bus to a Python object, AWS to the name of the bus.
        EventBus.physical_resource_id = property(lambda bus: bus.name)
        CloudFormationBackend.describe_change_set = describe_change_set
        # moto has no attribute of a version, and the alias needs its number.
        LambdaVersion.has_cfn_attr = classmethod(lambda cls, attribute: attribute == "Version")
        LambdaVersion.get_cfn_attribute = lambda version, attribute: str(version.version)
        # moto logs each type that it does not know, its server each exception: the
        # client of a failed call gets an error 500, and repeats the call.
        for name, level in {"moto": logging.WARNING, "werkzeug": logging.ERROR}.items():
            logger = logging.getLogger(name)
            logger.setLevel(level)
            logger.addHandler(self)
            logger.propagate = False
        warnings.filterwarnings("ignore", module="moto")  # It warns of what it logs.
        self.server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)

    def emit(self, record):
        message = record.getMessage().strip().splitlines()[-1]
        if unknown := re.fullmatch("No Moto CloudFormation support for (.*)", message):
            message = f"it does not know {unknown[1]}: add it to UNKNOWN_TYPES in emulator.py"
        self.faults.append(message)

    def __enter__(self):
        self.server.start()
        host, port = self.server.get_host_and_port()
        self.url = f"http://{host}:{port}"
        return self

    def __exit__(self, *_):
        self.server.stop()
