package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"

	"example.com/saga/infra/resource"
	"example.com/saga/pkg/keyring"
)

// newOrderKeys makes the secret from which the order API derives orders' ids and
// tokens: a key ring with one generated key. An operator adds keys to it without
// a deployment; a change to how it is generated would make CloudFormation
// generate another one, and orphan the orders. The function may read it, and
// nothing else may.
func newOrderKeys(scope constructs.Construct, api awslambda.Function, protected bool) {
	removal := awscdk.RemovalPolicy_DESTROY
	if protected {
		removal = awscdk.RemovalPolicy_RETAIN // As the table with the orders is.
	}
	keys := awssecretsmanager.NewSecret(scope, new("Keys"), &awssecretsmanager.SecretProps{
		Description: new("Keys of orders' ids and tokens. operator rotate replaces them."),
		GenerateSecretString: &awssecretsmanager.SecretStringGenerator{
			SecretStringTemplate: new("{}"),
			GenerateStringKey:    new("key"),
			ExcludePunctuation:   new(true),
			PasswordLength:       jsii.Number(keyring.MinimumLength),
		},
		RemovalPolicy: removal,
	})
	cdknag.NagSuppressions_AddResourceSuppressions(keys, &[]*cdknag.NagPackSuppression{{
		Id: new("AwsSolutions-SMG4"),
		Reason: new("An operator rotates it, because for a minute the API then refuses orders with an idempotency key: " +
			"a schedule would not choose a quiet hour."),
	}}, nil)
	resource.Allow(api.Role(), keys.SecretArn(), "secretsmanager:GetSecretValue")
	api.AddEnvironment(new("KEYS_SECRET_ARN"), keys.SecretArn(), nil)
}
