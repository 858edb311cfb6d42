// Command api is the Lambda function of the order API.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/google/uuid"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/httpcommand"
	"example.com/saga/pkg/keyring"
	"example.com/saga/pkg/lambdaapp"
	"example.com/saga/services/order"
	"example.com/saga/services/order/httpapi"
	"example.com/saga/services/order/metrics"
)

func main() {
	lambdaapp.Main(contract.NewLanguage, func(ctx context.Context, app *lambdaapp.App) error {
		deadline, err := lambdaapp.Duration("DEADLINE")
		if err != nil {
			return err
		}
		open, err := isOpen(os.Getenv("ORDERS_ACCESS"))
		if err != nil {
			return err
		}
		ring, err := newKeyReader(ctx, app, os.Getenv("KEYS_SECRET_ARN"))
		if err != nil {
			return err
		}
		config := order.Context()
		config.Committed = metrics.Committed
		orders, err := lambdaapp.Participant(app, config)
		if err != nil {
			return err
		}
		api := &httpapi.API{
			Orders: orders, Logger: app.Logger, Tracer: app.Tracer, Clock: time.Now, NewID: uuid.NewString, Deadline: deadline,
			Keys: ring.Keys, Open: open,
		}
		handler, err := api.Handler()
		if err != nil {
			return err
		}
		lambda.Start(httpcommand.Lambda(handler))
		return nil
	})
}

// isOpen reports whether everyone may call the API. There is no default, so that an API
// is never open, or closed, by mistake.
func isOpen(access string) (bool, error) {
	switch access {
	case "signed":
		return false, nil
	case "open":
		return true, nil
	}
	return false, fmt.Errorf("the environment variable ORDERS_ACCESS is %q, not signed or open", access)
}

// newKeyReader makes the reader of the key ring, and reads it once while the function
// starts.
func newKeyReader(ctx context.Context, app *lambdaapp.App, secretARN string) (*keyring.Reader, error) {
	if secretARN == "" {
		return nil, errors.New("the environment variable KEYS_SECRET_ARN is not set")
	}
	client := secretsmanager.NewFromConfig(app.AWS)
	reader := &keyring.Reader{Clock: time.Now, Logger: app.Logger, Fetch: func(ctx context.Context) (string, error) {
		out, err := client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &secretARN})
		if err != nil {
			return "", err
		}
		return aws.ToString(out.SecretString), nil
	}}
	_, err := reader.Keys(ctx)
	return reader, err
}
