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
)

func main() {
	deployment.Main(func(_ context.Context, d *deployment.Deployment) error {
		api := &httpapi.API{
			Orders: deployment.Participant(d, contract.SourceOrder, participant.Pure(order.Decide)),
			Logger: d.Logger,
			Clock:  time.Now,
			NewID:  uuid.NewString,
		}
		lambda.Start(httpapi.Lambda(api.Handler()))
		return nil
	})
}
