package rotation

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"example.com/saga/pkg/keyring"
)

// Ring is a key ring that is the value of a secret. All fields are required.
type Ring struct {
	Secrets Secrets
	// Secret is the secret's name or ARN.
	Secret string
	Clock  func() time.Time
	// New makes a new key.
	New func() string
}

// Rotate adds a new key to the ring, and returns when it becomes active. An error
// is returned while the newest key is not active yet.
func (r Ring) Rotate(ctx context.Context) (time.Time, error) {
	found, err := r.Secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &r.Secret})
	if err != nil {
		return time.Time{}, fmt.Errorf("get the key ring: %w", err)
	}
	ring, err := keyring.Parse(aws.ToString(found.SecretString))
	if err != nil {
		return time.Time{}, err
	}
	ring, from, err := ring.Rotate(r.Clock(), r.New())
	if err != nil {
		return time.Time{}, err
	}
	value, err := ring.Encode()
	if err != nil {
		return time.Time{}, err
	}
	if _, err := r.Secrets.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: &r.Secret, SecretString: &value}); err != nil {
		return time.Time{}, fmt.Errorf("put the key ring: %w", err)
	}
	return from, nil
}
