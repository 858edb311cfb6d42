// Command worker is the Lambda function of the warehouse, behind its queue.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/lambdaapp"
	"example.com/saga/services/warehouse"
	"example.com/saga/services/warehouse/sandbox"
)

func main() {
	lambdaapp.Main(contract.NewLanguage, func(_ context.Context, app *lambdaapp.App) error {
		hot, err := warehouse.ParseHotSKUs(os.Getenv("HOT_SKUS"))
		if err != nil {
			return fmt.Errorf("the environment variable HOT_SKUS: %w", err)
		}
		p, err := lambdaapp.Participant(app, hot.Context(sandbox.Carrier{}))
		if err != nil {
			return err
		}
		handler, err := app.Handler(p.HandleBatch)
		if err != nil {
			return err
		}
		lambda.Start(handler.Batch)
		return nil
	})
}
