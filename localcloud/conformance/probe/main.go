// Command probe is the Lambda function of the conformance tests. It notes
// everything it receives in a table, and then follows its instruction: it
// succeeds, fails, panics, exits, hangs, publishes, or returns a given response.
package main

import (
	"context"
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
	lambda.Start(&probe{
		journal: journal{
			client: dynamodb.NewFromConfig(cfg),
			table:  os.Getenv("TABLE"),
			clock:  time.Now,
		},
		events: eventbridge.NewFromConfig(cfg),
	})
}
