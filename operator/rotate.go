package main

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"example.com/saga/operator/rotation"
	"example.com/saga/pkg/printable"
)

// Where the key of the notification endpoint is, by construct paths. CDK calls a
// connection's resource Connection again.
const (
	notificationSecret     = "Notification/ApiKey"
	notificationConnection = "Notification/Connection/Connection"
)

// rotate replaces the API key of the notification endpoint, in two steps.
func (o operator) rotate(ctx context.Context, given []string) error {
	flags := o.newFlags("rotate", "")
	finish := flags.Bool("finish", false, "the endpoint accepts the new key: use it from now on")
	if err := flags.parse(given, 0, o.stdout); err != nil {
		return err
	}
	found, config, err := flags.open(ctx)
	if err != nil {
		return err
	}
	key := rotation.Key{
		Secrets:     secretsmanager.NewFromConfig(config),
		Connections: eventbridge.NewFromConfig(config),
		Secret:      found.Secrets[notificationSecret],
		Connection:  found.Connections[notificationConnection],
		New:         rand.Text,
	}
	if key.Secret == "" || key.Connection == "" {
		return fmt.Errorf("the stack has no %s or no %s", notificationSecret, notificationConnection)
	}
	message := "a new key waits in the secret %s as AWSPENDING, and the old one is in use.\n" +
		"Let the endpoint accept both, then run rotate with -finish.\n"
	step := key.Prepare
	if *finish {
		message = "the connection uses the new key, which is AWSCURRENT in the secret %s.\n" +
			"Let the endpoint refuse the old one once it is not seen any more.\n"
		step = key.Finish
	}
	if err := step(ctx); err != nil {
		return err
	}
	_, err = fmt.Fprintf(o.stdout, message, printable.Line(key.Secret))
	return err
}
