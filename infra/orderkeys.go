package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"

	"example.com/saga/infra/boundedcontext"
	"example.com/saga/infra/resource"
	"example.com/saga/pkg/keyring"
)

// addOrderKeys makes the secret from which the order API derives the ids and
// tokens of orders: a key ring with one generated key. Only the function may
// read it. An operator adds keys without a deployment.
//
// Do not change how the secret is generated: CloudFormation would generate
// another one, and the tokens of existing orders would no longer be valid.
func addOrderKeys(scope constructs.Construct, api *boundedcontext.Published, key awskms.IKey, protected bool) {
	keys := awssecretsmanager.NewSecret(scope, new("Keys"), &awssecretsmanager.SecretProps{
		Description: new("Keys of orders' ids and tokens. operator rotate replaces them."),
		GenerateSecretString: &awssecretsmanager.SecretStringGenerator{
			SecretStringTemplate: new("{}"),
			GenerateStringKey:    new("key"),
			ExcludePunctuation:   new(true),
			PasswordLength:       jsii.Number(keyring.MinimumLength),
		},
		EncryptionKey: key,
		RemovalPolicy: resource.RemovalPolicy(protected), // As that of the table with the orders.
	})
	cdknag.NagSuppressions_AddResourceSuppressions(keys, &[]*cdknag.NagPackSuppression{{
		Id: new("AwsSolutions-SMG4"),
		Reason: new("An operator rotates it at a quiet hour: for a minute the API then refuses orders with an idempotency key, " +
			"and a schedule could not choose the hour."),
	}}, nil)
	resource.Allow(api.Function.Role(), keys.SecretArn(), "secretsmanager:GetSecretValue")
	resource.AllowKey(api.Function.Role(), key, "secretsmanager", "kms:Decrypt")
	api.Function.AddEnvironment(new("KEYS_SECRET_ARN"), keys.SecretArn(), nil)
}
