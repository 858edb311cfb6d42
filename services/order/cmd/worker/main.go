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
		p := deployment.Participant(d, contract.SourceOrder, participant.Pure(order.Decide))
		p.Due = order.State.Due
		p.Committed = measure.Committed
		handler, err := d.Handler(p.Handle)
		if err != nil {
			return err
		}
		lambda.Start(handler.Batch)
		return nil
	})
}
