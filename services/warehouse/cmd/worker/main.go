// Command worker is the Lambda function of the warehouse, behind its queue.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/deployment"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/warehouse"
	"example.com/saga/services/warehouse/sandbox"
)

func main() {
	deployment.Main(func(_ context.Context, d *deployment.Deployment) error {
		p, err := deployment.Participant(d, participant.Config[warehouse.State]{Source: contract.SourceWarehouse, Decide: warehouse.Decider(sandbox.Carrier{})})
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
