// Command sweeper is the Lambda function of the order context that a schedule invokes to
// republish and cancel orders that have not ended.
package main

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/lambdaapp"
	"example.com/saga/services/order"
	"example.com/saga/services/order/sweeper"
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
		s, err := sweeper.New(sweeper.Config{
			Orders: orders, Index: app.Store, Logger: app.Logger, Tracer: app.Tracer,
			Clock: time.Now, Deadline: deadline, Random: rand.Float64,
		})
		if err != nil {
			return err
		}
		lambda.Start(s.Sweep)
		return nil
	})
}
