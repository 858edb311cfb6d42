package lambda_test

import (
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"example.com/saga/localcloud/lambda"
)

func TestAMappingThatIsDisabledReadsItsQueueWhenItIsEnabled(t *testing.T) {
	b := newBench(t, nil)
	source := b.addQueue("q", nil)
	b.mapTo(lambda.EventSource{ID: "m", QueueARN: source, FunctionARN: b.add("batch", nil), BatchSize: 10, ReportBatchItemFailures: true, IsDisabled: true})
	b.sendTo(source, "", "one")
	c := b.client()
	got, err := c.GetEventSourceMapping(t.Context(), &awslambda.GetEventSourceMappingInput{UUID: aws.String("m")})
	if err != nil || *got.State != "Disabled" || *got.EventSourceArn != source {
		t.Errorf("the mapping is %+v, %v", got, err)
	}
	if counts := b.queues.Counts(source); counts.Visible != 1 {
		t.Errorf("the queue has %+v", counts)
	}
	enabled, err := c.UpdateEventSourceMapping(t.Context(), &awslambda.UpdateEventSourceMappingInput{UUID: aws.String("m"), Enabled: aws.Bool(true)})
	if err != nil || *enabled.State != "Enabled" {
		t.Errorf("the mapping is %+v, %v", enabled, err)
	}
	b.eventually("the end", b.settled(source, 0))
	disabled, err := c.UpdateEventSourceMapping(t.Context(), &awslambda.UpdateEventSourceMappingInput{UUID: aws.String("m"), Enabled: aws.Bool(false)})
	if err != nil || *disabled.State != "Disabled" {
		t.Errorf("the mapping is %+v, %v", disabled, err)
	}
}

func TestAMappingThatDoesNotExistIsNeitherReturnedNorChanged(t *testing.T) {
	c := newBench(t, nil).client()
	_, get := c.GetEventSourceMapping(t.Context(), &awslambda.GetEventSourceMappingInput{UUID: aws.String("m")})
	_, update := c.UpdateEventSourceMapping(t.Context(), &awslambda.UpdateEventSourceMappingInput{UUID: aws.String("m")})
	for _, err := range []error{get, update} {
		if _, missing := errors.AsType[*types.ResourceNotFoundException](err); !missing {
			t.Errorf("the error is %v", err)
		}
	}
}
