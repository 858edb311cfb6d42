// Command api is the Lambda function of the order context behind its HTTP front
// door.
package main

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/google/uuid"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/deployment"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/order"
	"example.com/saga/services/order/httpapi"
	"example.com/saga/services/order/measure"
)

func main() {
	deployment.Main(func(_ context.Context, d *deployment.Deployment) error {
		deadline, err := deployment.Duration("DEADLINE")
		if err != nil {
			return err
		}
		orders, err := deployment.Participant(d, participant.Config[order.State]{
			Source: contract.SourceOrder, Decide: participant.Pure(order.Decide), Due: order.State.Due, Committed: measure.Committed,
		})
		if err != nil {
			return err
		}
		api := &httpapi.API{
			Orders: orders, Logger: d.Logger, Tracer: d.Tracer, Clock: time.Now, NewID: uuid.NewString, Deadline: deadline,
		}
		handler, err := api.Handler()
		if err != nil {
			return err
		}
		lambda.Start(httpapi.Lambda(handler))
		return nil
	})
}
