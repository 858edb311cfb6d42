// Command probe is the Lambda function of the conformance tests. It notes
// everything it receives in a table, and then follows its instruction: it
// succeeds, fails, panics, exits, hangs, pauses, publishes, or returns a given response.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
)

func main() {
	ctx := context.Background()
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		slog.ErrorContext(ctx, "the probe cannot start", "error", err)
		os.Exit(1)
	}
	p := &probe{
		journal: journal{client: dynamodb.NewFromConfig(cfg), table: os.Getenv("TABLE"), clock: time.Now},
		events:  eventbridge.NewFromConfig(cfg),
		runtime: runtimeAPI(os.Getenv("AWS_LAMBDA_RUNTIME_API")),
	}
	if err := p.start(ctx, os.Getenv("BROKEN")); err != nil {
		slog.ErrorContext(ctx, "the probe does not start", "error", err)
		os.Exit(1)
	}
	lambda.Start(p)
}

// start returns an error on every start but the first if there is an error to report, and
// reports it to the Runtime API.
func (p *probe) start(ctx context.Context, report string) error {
	if report == "" {
		return nil
	}
	starts, err := p.journal.count(ctx, instruction{Test: "starts"})
	if err != nil || starts == 1 {
		return err
	}
	status, err := p.runtime.post(ctx, "init/error", []byte(report))
	return errors.Join(fmt.Errorf("the report of the error is answered with %d", status), err)
}
