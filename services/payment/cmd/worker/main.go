// Command worker is the Lambda function of the payment context, behind its
// queue.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/deployment"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/payment"
	"example.com/saga/services/payment/sandbox"
)

func main() {
	deployment.Main(func(_ context.Context, d *deployment.Deployment) error {
		provider := sandbox.Provider{Ledger: sandbox.Table{Client: d.DynamoDB, Name: d.Table}}
		p, err := deployment.Participant(d, participant.Config[payment.State]{Source: contract.SourcePayment, Decide: payment.Decider(provider)})
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
