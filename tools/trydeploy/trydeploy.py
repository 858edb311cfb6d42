"""Deploys dev to moto, an emulator of AWS's API, with the CDK's own command line.

It is what docs/deployment.md has for a new account: the boundary, the bootstrap,
a deployment, a change, and the removal. Needs no account, no network and no Docker,
and leaves nothing running: moto is a thread of this process, on a free port of the
loopback interface. Run it with `make try-deploy`.
"""

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import boto3
import emulator
import inventory
from botocore.exceptions import BotoCoreError, ClientError

ENVIRONMENT, QUALIFIER = "dev", "sagadev"
STACK = f"saga-{ENVIRONMENT}"
BOUNDARY = f"saga-{ENVIRONMENT}-boundary"
REGION, ACCOUNT = "eu-west-1", "123456789012"  # moto has this account.


class Failure(Exception):
    """What is wrong, in one line."""


class Trial:
    """One deployment to one moto, in a scratch folder that has what the app reads."""

    def __init__(self, repository, app, scratch, log, moto):
        self.repository, self.scratch, self.log, self.moto = repository, scratch, log, moto
        self.cdk_program = repository / "node_modules/.bin/cdk"
        self.app = app
        shutil.copy(repository / "cdk.json", scratch)
        (scratch / "services").symlink_to(repository / "services")
        shutil.copytree(repository / "dist/lambda", scratch / "dist/lambda")

    def cdk(self, *arguments, folder=None, expect=0):
        """Runs the CDK's command line, and returns what it printed."""
        done = subprocess.run(
            [self.cdk_program, *arguments, "--no-color", "--no-notices"],
            cwd=folder or self.scratch, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300,
        )
        self.log.write(f"$ cdk {' '.join(map(str, arguments))}\n{done.stdout}\n")
        self.log.flush()
        # An error inside of moto fails the step, even if the CDK repeated the call.
        if self.moto.faults:
            raise Failure(f"moto, in cdk {arguments[0]}: {self.moto.faults[0]}")
        if done.returncode != expect:
            raise Failure(f"cdk {arguments[0]} ends with {done.returncode}, not {expect}: {problem(done.stdout)}")
        return done.stdout

    def prepare_account(self):
        cloudformation = boto3.client("cloudformation")
        cloudformation.create_stack(
            StackName=f"CDKToolkit-{QUALIFIER}-boundary",
            TemplateBody=(self.repository / "infra/bootstrap/boundary.json").read_text(),
            Parameters=[
                {"ParameterKey": "Environment", "ParameterValue": ENVIRONMENT},
                {"ParameterKey": "Qualifier", "ParameterValue": QUALIFIER},
            ],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        self.cdk(
            "bootstrap", f"aws://{ACCOUNT}/{REGION}", "--qualifier", QUALIFIER,
            "--toolkit-stack-name", f"CDKToolkit-{QUALIFIER}", "--custom-permissions-boundary", BOUNDARY,
            "--apply-permissions-boundary-to-all-roles",
            folder=self.repository / "infra/bootstrap",
        )
        return check_boundaries()

    def synthesize(self, name):
        """Returns the folder of a new cloud assembly."""
        assembly = self.scratch / name
        self.cdk("synth", "--app", shlex.quote(str(self.app)), "-c", f"env={ENVIRONMENT}", "--output", assembly, "--build", "", "--quiet")
        return assembly

    def deploy(self, assembly):
        """Deploys as .github/workflows/environment.yml does."""
        self.cdk(
            "deploy", "--app", assembly, "--build", "", "--require-approval", "never", "--progress", "events", "--ci",
        )

    def diff(self, assembly, changes):
        """Compares as .github/workflows/review.yml does. With --fail a difference is an error."""
        return self.cdk(
            "diff", "--app", assembly, "--build", "", "--method", "template", "--ci", "--fail", expect=int(changes),
        )

    def change(self, function):
        """Changes the program of a function: an ELF file may have more bytes at its end."""
        with open(self.scratch / "dist/lambda" / function / "bootstrap", "ab") as program:
            program.write(b"\0")

    def destroy(self, assembly):
        self.cdk("destroy", "--app", assembly, "--build", "", "--force")


def use(url):
    """Makes moto what this process and its children call, whatever the shell has set."""
    for name in list(os.environ):
        if name.startswith("AWS_") or name.lower().endswith("_proxy"):
            del os.environ[name]
    os.environ.update({
        "AWS_ENDPOINT_URL": url,
        # The CDK makes the address of a template, which CloudFormation reads, from a setting of
        # its own: moto reads it, as AWS does, as an address of S3.
        "AWS_ENDPOINT_URL_S3_FOR_CLOUDFORMATION": f"https://s3.{REGION}.amazonaws.com",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "moto",
        "AWS_SECRET_ACCESS_KEY": "moto",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NODE_NO_WARNINGS": "1",
        "CDK_VALIDATION": "false",  # The tests validate the templates.
    })


def problem(output):
    """Returns the line that the CDK printed about an error, or else its last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    marked = [line for line in lines if line.startswith(("❌", "‣")) or "rror" in line]
    return (marked or lines or ["it printed nothing"])[-1]


def check_boundaries():
    """Returns the number of roles. A role without the boundary could do anything."""
    iam = boto3.client("iam")
    roles = [role["RoleName"] for page in iam.get_paginator("list_roles").paginate() for role in page["Roles"]]
    for role in roles:
        boundary = iam.get_role(RoleName=role)["Role"].get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", "none")
        if not boundary.endswith(f":policy/{BOUNDARY}"):
            raise Failure(f"the role {role} has the permissions boundary {boundary}")
    return len(roles)


def check_types(moto):
    """Fails if the list of types that moto does not know has one too many. One too few is a fault of moto."""
    used = {
        resource["ResourceType"]
        for stack in inventory.pages("cloudformation", "describe_stacks", "Stacks")
        for resource in inventory.pages(
            "cloudformation", "list_stack_resources", "StackResourceSummaries", StackName=stack["StackName"])
    }
    for kind in emulator.UNKNOWN_TYPES:
        if kind in moto.known_types:
            raise Failure(f"moto's CloudFormation makes {kind}: remove it from UNKNOWN_TYPES, and add how to list it")
        if kind not in used:
            raise Failure(f"no template has {kind}: remove it from UNKNOWN_TYPES")


def check_made(template, before):
    """Returns the number of things at moto for the template: exactly as many of each type as it has."""
    made = inventory.subtract(inventory.read(), before)
    wanted = inventory.count(template, emulator.UNKNOWN_TYPES)
    for kind in sorted(wanted):
        if kind not in made:
            raise Failure(f"{kind} is in the template: add how to list it to the inventory, or to UNKNOWN_TYPES")
        if len(made[kind]) != wanted[kind]:
            raise Failure(f"{kind}: the template has {wanted[kind]}, and moto {len(made[kind])}: {sorted(made[kind])}")
    loose = inventory.loose_ends(emulator.STAND_IN)
    if loose:
        raise Failure(f"{loose[0]} does not exist")
    return sum(wanted.values())


def check_removed(before):
    for kind, left in inventory.subtract(inventory.read(), before).items():
        if left:
            raise Failure(f"the removed stack leaves {kind}: {sorted(left)}")


def code_hashes():
    functions = boto3.client("lambda").list_functions()["Functions"]
    return {function["FunctionName"]: function["CodeSha256"] for function in functions}


def run(trial):
    def step(text):
        print(f"try-deploy: {text}", flush=True)

    roles = trial.prepare_account()
    step(f"bootstrapped the account: {roles} roles, each with the boundary")
    before = inventory.read()

    assembly = trial.synthesize("first")
    template = json.loads((assembly / f"{STACK}.template.json").read_text())
    trial.deploy(assembly)
    check_types(trial.moto)
    made = check_made(template, before)
    step(f"deployed {STACK}: {made} resources of the template found, {check_boundaries() - roles} more roles with the boundary")
    trial.diff(assembly, changes=False)
    step("compared it with what was deployed: no difference")

    trial.change("order/api")
    assembly = trial.synthesize("second")
    if "AWS::Lambda::Function" not in trial.diff(assembly, changes=True):
        raise Failure("cdk diff does not name the function whose program changed")
    step("changed a program: it is the difference")
    old = code_hashes()
    trial.deploy(assembly)
    new = code_hashes()
    changed = [name for name in old if old[name] != new.get(name)]
    if len(changed) != 1 or new.keys() != old.keys():
        raise Failure(f"one program changed, and moto has new code of {changed}")
    step(f"deployed the change: {changed[0]} has new code")

    trial.destroy(assembly)
    check_removed(before)
    step("removed the stack: nothing is left but the bootstrap")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("app", help="the CDK app, compiled", type=Path)
    parser.add_argument("log", help="the file for what the CDK prints", type=Path)
    arguments = parser.parse_args()
    repository = Path(__file__).resolve().parents[2]
    arguments.log.parent.mkdir(parents=True, exist_ok=True)
    with emulator.Moto() as moto, tempfile.TemporaryDirectory() as scratch, open(arguments.log, "w") as log:
        use(moto.url)
        try:
            run(Trial(repository, arguments.app.resolve(), Path(scratch), log, moto))
        except (Failure, BotoCoreError, ClientError, OSError, subprocess.TimeoutExpired) as failure:
            print(f"try-deploy: {failure} (what the CDK printed is in {arguments.log})", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
