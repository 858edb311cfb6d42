// Command sweeper is the Lambda function of the order context that a schedule invokes to
// republish and cancel orders that have not ended.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/lambdaapp"
	"example.com/saga/pkg/sweeper"
	"example.com/saga/services/order"
	"example.com/saga/services/order/sweep"
)

func main() {
	lambdaapp.Main(contract.NewLanguage, func(_ context.Context, app *lambdaapp.App) error {
		deadline, err := lambdaapp.Duration("DEADLINE")
		if err != nil {
			return err
		}
		orders, err := lambdaapp.Participant(app, order.Context())
		if err != nil {
			return err
		}
		config := sweep.Config(deadline)
		config.Sagas, config.Index, config.Logger, config.Tracer = orders, app.Store, app.Logger, app.Tracer
		s, err := sweeper.New(config)
		if err != nil {
			return err
		}
		lambda.Start(s.Sweep)
		return nil
	})
}
