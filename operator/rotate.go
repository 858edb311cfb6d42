package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"example.com/saga/operator/rotation"
	"example.com/saga/pkg/keyring"
	"example.com/saga/pkg/printable"
)

// Where the keys are, by construct paths. CDK calls a
// connection's resource Connection again.
const (
	notificationSecret     = "Notification/ApiKey"
	notificationConnection = "Notification/Connection/Connection"
	orderSecret            = "Order/Keys"
)

// What rotate replaces.
const (
	notificationKey = "notification"
	orderKeys       = "orders"
)

// rotate replaces the API key of the notification endpoint, in two steps, or adds
// a key to those of orders' ids and tokens.
func (o operator) rotate(ctx context.Context, given []string) error {
	flags := o.newFlags("rotate", "")
	key := flags.String("key", notificationKey, "which `key` to replace: notification, the API key of the notification endpoint, or orders, that of orders' ids and tokens")
	finish := flags.Bool("finish", false, "the notification endpoint accepts the new key: use it from now on")
	if err := flags.parse(given, 0, o.stdout); err != nil {
		return err
	}
	switch {
	case *key != notificationKey && *key != orderKeys:
		return fmt.Errorf("there is no key %q, only %s and %s: %w", *key, notificationKey, orderKeys, errUsage)
	case *key == orderKeys && *finish:
		return fmt.Errorf("the key of orders has no second step: it becomes active by itself: %w", errUsage)
	}
	found, config, err := flags.open(ctx)
	if err != nil {
		return err
	}
	secrets := secretsmanager.NewFromConfig(config)
	if *key == orderKeys {
		return o.rotateOrderKeys(ctx, rotation.Ring{
			Secrets: secrets, Secret: found.Secrets[orderSecret], Clock: o.clock, New: newOrderKey,
		})
	}
	return o.rotateNotificationKey(ctx, *finish, rotation.Key{
		Secrets:     secrets,
		Connections: eventbridge.NewFromConfig(config),
		Secret:      found.Secrets[notificationSecret],
		Connection:  found.Connections[notificationConnection],
		New:         rand.Text,
	})
}

func (o operator) rotateNotificationKey(ctx context.Context, finish bool, key rotation.Key) error {
	if key.Secret == "" || key.Connection == "" {
		return fmt.Errorf("the stack has no %s or no %s", notificationSecret, notificationConnection)
	}
	message := "a new key is in the secret %s as AWSPENDING, and the old one is in use.\n" +
		"Let the endpoint accept both, then run rotate with -finish.\n"
	step := key.Prepare
	if finish {
		message = "the connection uses the new key, which is AWSCURRENT in the secret %s.\n" +
			"Let the endpoint refuse the old one once it is not seen any more.\n"
		step = key.Finish
	}
	if err := step(ctx); err != nil {
		return err
	}
	_, err := fmt.Fprintf(o.stdout, message, printable.Line(key.Secret))
	return err
}

func (o operator) rotateOrderKeys(ctx context.Context, ring rotation.Ring) error {
	if ring.Secret == "" {
		return fmt.Errorf("the stack has no %s", orderSecret)
	}
	from, err := ring.Rotate(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(o.stdout, "a new key is in the secret %s, and becomes active at %s.\n"+
		"For %s before that, orders with an Idempotency-Key are answered with 503 and Retry-After.\n",
		ring.Secret, from.Format(time.RFC3339), keyring.Quiet)
	return err
}

// newOrderKey returns a random key of 52 characters, which are 256 bits.
func newOrderKey() string { return rand.Text() + rand.Text() }
