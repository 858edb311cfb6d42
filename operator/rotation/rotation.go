// Package rotation replaces the API key of the notification endpoint without a
// deployment, in two steps. In between, the endpoint's owner configures the new
// key, and the old one stays in use.
//
// EventBridge keeps a copy of the key in the connection and does not follow the
// secret. Neither does CloudFormation, which looks up the template's reference
// to the secret only when the connection changes for another reason, and then
// finds the current version: the rotated one. So no deployment undoes a rotation
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references-secretsmanager.html).
package rotation

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secrettypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// The staging labels of a rotation, as Secrets Manager's own rotations use them.
const (
	current = "AWSCURRENT"
	pending = "AWSPENDING"
)

// Secrets is the part of Secrets Manager's client that a rotation uses.
type Secrets interface {
	GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
	PutSecretValue(context.Context, *secretsmanager.PutSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.PutSecretValueOutput, error)
	UpdateSecretVersionStage(context.Context, *secretsmanager.UpdateSecretVersionStageInput, ...func(*secretsmanager.Options)) (*secretsmanager.UpdateSecretVersionStageOutput, error)
}

// Connections is the part of EventBridge's client that a rotation uses.
type Connections interface {
	DescribeConnection(context.Context, *eventbridge.DescribeConnectionInput, ...func(*eventbridge.Options)) (*eventbridge.DescribeConnectionOutput, error)
	UpdateConnection(context.Context, *eventbridge.UpdateConnectionInput, ...func(*eventbridge.Options)) (*eventbridge.UpdateConnectionOutput, error)
}

// Key is an API key that is kept in a secret and used by a connection. All
// fields are required.
type Key struct {
	Secrets     Secrets
	Connections Connections
	// Secret is the secret's name or ARN, Connection the connection's name.
	Secret, Connection string
	// New makes a new key.
	New func() string
}

// Prepare stores a new key as the secret's pending version. A pending key is left as it
// is, because the endpoint may accept it already.
func (k Key) Prepare(ctx context.Context) error {
	next, err := k.pendingVersion(ctx)
	if err != nil || next != nil {
		return err
	}
	if _, err := k.Secrets.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
		SecretId: &k.Secret, SecretString: aws.String(k.New()), VersionStages: []string{pending},
	}); err != nil {
		return fmt.Errorf("store a new key: %w", err)
	}
	return nil
}

// Finish configures the connection with the pending key, and makes the key current. If
// it fails it can be run again: the key stays pending until both is done.
func (k Key) Finish(ctx context.Context) error {
	next, err := k.pendingVersion(ctx)
	if err != nil {
		return err
	}
	if next == nil {
		return errors.New("there is no pending key: prepare one first")
	}
	if err := k.use(ctx, next.SecretString); err != nil {
		return err
	}
	used, err := k.version(ctx, current)
	if err != nil {
		return err
	}
	if _, err := k.Secrets.UpdateSecretVersionStage(ctx, &secretsmanager.UpdateSecretVersionStageInput{
		SecretId: &k.Secret, VersionStage: aws.String(current),
		MoveToVersionId: next.VersionId, RemoveFromVersionId: used.VersionId,
	}); err != nil {
		return fmt.Errorf("the connection uses the new key, which could not be made current: %w", err)
	}
	return nil
}

// pendingVersion returns the pending version, nil if there is none. A version that has
// become current keeps its label pending.
func (k Key) pendingVersion(ctx context.Context) (*secretsmanager.GetSecretValueOutput, error) {
	found, err := k.version(ctx, pending)
	if _, none := errors.AsType[*secrettypes.ResourceNotFoundException](err); none {
		// A secret that does not exist has no current version either.
		_, err := k.version(ctx, current)
		return nil, err
	}
	if err != nil || slices.Contains(found.VersionStages, current) {
		return nil, err
	}
	return found, nil
}

func (k Key) version(ctx context.Context, stage string) (*secretsmanager.GetSecretValueOutput, error) {
	found, err := k.Secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &k.Secret, VersionStage: &stage})
	if err != nil {
		return nil, fmt.Errorf("get the %s key: %w", stage, err)
	}
	return found, nil
}

// use configures the connection with the key. Everything else of the connection is sent
// as it is, because it is not documented that EventBridge keeps what is left out.
func (k Key) use(ctx context.Context, key *string) error {
	described, err := k.Connections.DescribeConnection(ctx, &eventbridge.DescribeConnectionInput{Name: &k.Connection})
	if err != nil {
		return fmt.Errorf("describe the connection: %w", err)
	}
	parameters := described.AuthParameters
	if parameters == nil || parameters.ApiKeyAuthParameters == nil {
		return fmt.Errorf("the connection %s has no API key", k.Connection)
	}
	if hidden := hiddenParameters(parameters.InvocationHttpParameters); len(hidden) > 0 {
		return fmt.Errorf("the connection %s has secret parameters, whose values EventBridge does not return: %v", k.Connection, hidden)
	}
	if _, err := k.Connections.UpdateConnection(ctx, &eventbridge.UpdateConnectionInput{
		Name:              &k.Connection,
		Description:       described.Description,
		KmsKeyIdentifier:  described.KmsKeyIdentifier,
		AuthorizationType: described.AuthorizationType,
		AuthParameters: &eventtypes.UpdateConnectionAuthRequestParameters{
			ApiKeyAuthParameters: &eventtypes.UpdateConnectionApiKeyAuthRequestParameters{
				ApiKeyName: parameters.ApiKeyAuthParameters.ApiKeyName, ApiKeyValue: key,
			},
			InvocationHttpParameters: parameters.InvocationHttpParameters,
		},
	}); err != nil {
		return fmt.Errorf("update the connection: %w", err)
	}
	return nil
}

// hiddenParameters returns the keys of the parameters whose values are secret.
func hiddenParameters(parameters *eventtypes.ConnectionHttpParameters) []string {
	if parameters == nil {
		return nil
	}
	var hidden []string
	add := func(secret bool, key *string) {
		if secret {
			hidden = append(hidden, aws.ToString(key))
		}
	}
	for _, parameter := range parameters.HeaderParameters {
		add(parameter.IsValueSecret, parameter.Key)
	}
	for _, parameter := range parameters.QueryStringParameters {
		add(parameter.IsValueSecret, parameter.Key)
	}
	for _, parameter := range parameters.BodyParameters {
		add(parameter.IsValueSecret, parameter.Key)
	}
	return hidden
}
