// Command worker is the Lambda function of the order context, behind its queue.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/deployment"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/order"
	"example.com/saga/services/order/measure"
)

func main() {
	deployment.Main(func(_ context.Context, d *deployment.Deployment) error {
		p, err := deployment.Participant(d, participant.Config[order.State]{
			Source: contract.SourceOrder, Decide: participant.Pure(order.Decide), Due: order.State.Due, Committed: measure.Committed,
		})
		if err != nil {
			return err
		}
		handler, err := d.Handler(p.Handle)
		if err != nil {
			return err
		}
		lambda.Start(handler.Batch)
		return nil
	})
}
