// Command worker is the Lambda function of the payment context, behind its
// queue.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/lambdaapp"
	"example.com/saga/services/payment"
	"example.com/saga/services/payment/sandbox"
)

func main() {
	lambdaapp.Main(contract.NewLanguage, func(_ context.Context, app *lambdaapp.App) error {
		provider := sandbox.Provider{Ledger: sandbox.Table{Client: app.DynamoDB, Name: app.Table}}
		p, err := lambdaapp.Participant(app, payment.Context(provider))
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
