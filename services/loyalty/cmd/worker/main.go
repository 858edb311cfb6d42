// Command worker is the Lambda function of the loyalty context, invoked by the
// rules of its bus.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/lambdaapp"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/loyalty"
	"example.com/saga/services/loyalty/sandbox"
)

func main() {
	lambdaapp.Main(func(_ context.Context, app *lambdaapp.App) error {
		p, err := lambdaapp.Participant(app, participant.Config[loyalty.State]{
			Source: contract.SourceLoyalty, Decide: loyalty.Decider(sandbox.Customers{}), Entry: loyalty.State.Entry,
		})
		if err != nil {
			return err
		}
		handler, err := app.Handler(p.Handle)
		if err != nil {
			return err
		}
		lambda.Start(handler.Direct)
		return nil
	})
}
