package sqs_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"example.com/saga/localcloud/sqs"
	"example.com/saga/localcloud/wire"
)

// client is the unmodified SDK in front of a service with the given queues.
func client(t *testing.T, config sqs.Config, queues ...sqs.Queue) *awssqs.Client {
	t.Helper()
	config.Clock = time.Now
	service := sqs.New(config)
	for _, q := range queues {
		if err := service.Create(q); err != nil {
			t.Fatal(err)
		}
	}
	server := httptest.NewServer(wire.Handler(service.API()))
	t.Cleanup(server.Close)
	return awssqs.New(awssqs.Options{
		Region: "eu-west-1", BaseEndpoint: aws.String(server.URL), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("AKIDWORKER", "secret", ""),
	})
}

func TestTheSDKSendsReceivesAndDeletes(t *testing.T) {
	c, q := client(t, sqs.Config{}, standard("q")), aws.String(url("q"))
	sent, err := c.SendMessage(t.Context(), &awssqs.SendMessageInput{
		QueueUrl: q, MessageBody: aws.String(`{"a": "ü"}`),
		MessageAttributes: map[string]types.MessageAttributeValue{
			"trace.id": {DataType: aws.String("String"), StringValue: aws.String("t")},
			"binary":   {DataType: aws.String("Binary"), BinaryValue: []byte{0, 1}},
			"number":   {DataType: aws.String("Number.int"), StringValue: aws.String("7")},
		},
		MessageSystemAttributes: map[string]types.MessageSystemAttributeValue{
			"AWSTraceHeader": {DataType: aws.String("String"), StringValue: aws.String("Root=1-5e")},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	received, err := c.ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{
		QueueUrl: q, MessageAttributeNames: []string{"trace.*", "binary"}, WaitTimeSeconds: 1,
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{"AWSTraceHeader", "SenderId"},
		AttributeNames:              []types.QueueAttributeName{"SentTimestamp"}, //nolint:staticcheck // Older clients still use it.
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(received.Messages) != 1 {
		t.Fatalf("received %d messages, want 1", len(received.Messages))
	}
	got := received.Messages[0]
	if *got.MessageId != *sent.MessageId || len(got.MessageAttributes) != 2 || got.MessageAttributes["binary"].BinaryValue[1] != 1 {
		t.Errorf("received %+v", got)
	}
	if len(got.Attributes) != 3 || got.Attributes["AWSTraceHeader"] != "Root=1-5e" || got.Attributes["SenderId"] != "AKIDWORKER" {
		t.Errorf("the attributes are %v", got.Attributes)
	}
	if _, err := c.DeleteMessage(t.Context(), &awssqs.DeleteMessageInput{QueueUrl: q, ReceiptHandle: got.ReceiptHandle}); err != nil {
		t.Fatal(err)
	}
	if counts := attributes(t, c, "q"); counts["ApproximateNumberOfMessages"] != "0" || counts["ApproximateNumberOfMessagesNotVisible"] != "0" {
		t.Errorf("the queue still has messages: %v", counts)
	}
}

func attributes(t *testing.T, c *awssqs.Client, name string) map[string]string {
	t.Helper()
	out, err := c.GetQueueAttributes(t.Context(), &awssqs.GetQueueAttributesInput{
		QueueUrl: aws.String(url(name)), AttributeNames: []types.QueueAttributeName{"All"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.Attributes
}

func TestTheChecksumOfAttributesIsAWSs(t *testing.T) {
	c := client(t, sqs.Config{}, standard("q"))
	// The sum is that which AWS's own documentation and SDKs agree on for one
	// string attribute: MD5 over the measured name, type and value.
	out, err := c.SendMessage(t.Context(), &awssqs.SendMessageInput{
		QueueUrl: aws.String(url("q")), MessageBody: aws.String("hello"),
		MessageAttributes: map[string]types.MessageAttributeValue{
			"timestamp": {DataType: aws.String("Number"), StringValue: aws.String("1493147359900")},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if *out.MD5OfMessageAttributes != "235c5c510d26fb653d073faed50ae77c" {
		t.Errorf("the checksum is %s", *out.MD5OfMessageAttributes)
	}
}

func TestTheSDKHandlesBatchesOfAFIFOQueue(t *testing.T) {
	q := fifo("q")
	q.ContentBasedDeduplication = false
	c, address := client(t, sqs.Config{}, q), aws.String(url("q.fifo"))
	entry := func(id, body, dedup string) types.SendMessageBatchRequestEntry {
		e := types.SendMessageBatchRequestEntry{Id: &id, MessageBody: &body, MessageGroupId: aws.String("g")}
		if dedup != "" {
			e.MessageDeduplicationId = &dedup
		}
		return e
	}
	sent, err := c.SendMessageBatch(t.Context(), &awssqs.SendMessageBatchInput{QueueUrl: address, Entries: []types.SendMessageBatchRequestEntry{
		entry("one", "first", "1"), entry("two", "no id", ""), entry("three", "bad \x01", "3"), entry("four", "last", "4"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	if len(sent.Successful) != 2 || len(sent.Failed) != 2 || *sent.Failed[0].Code != "InvalidParameterValue" || !sent.Failed[0].SenderFault {
		t.Fatalf("sent %+v", sent)
	}
	if *sent.Failed[1].Id != "three" || *sent.Failed[1].Code != "InvalidMessageContents" {
		t.Errorf("failed %v: %v", *sent.Failed[1].Id, *sent.Failed[1].Code)
	}
	received, err := c.ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{QueueUrl: address, MaxNumberOfMessages: 10})
	if err != nil {
		t.Fatal(err)
	}
	if len(received.Messages) != 2 || *received.Messages[0].Body != "first" || *received.Messages[1].Body != "last" {
		t.Fatalf("received %+v", received.Messages)
	}
	changed, err := c.ChangeMessageVisibilityBatch(t.Context(), &awssqs.ChangeMessageVisibilityBatchInput{
		QueueUrl: address, Entries: []types.ChangeMessageVisibilityBatchRequestEntry{
			{Id: aws.String("1"), ReceiptHandle: received.Messages[0].ReceiptHandle, VisibilityTimeout: 100},
			{Id: aws.String("2"), ReceiptHandle: aws.String("nonsense"), VisibilityTimeout: 100},
		},
	})
	if err != nil || len(changed.Successful) != 1 || *changed.Failed[0].Code != "ReceiptHandleIsInvalid" {
		t.Fatalf("changed %+v, %v", changed, err)
	}
	deleted, err := c.DeleteMessageBatch(t.Context(), &awssqs.DeleteMessageBatchInput{QueueUrl: address, Entries: []types.DeleteMessageBatchRequestEntry{
		{Id: aws.String("1"), ReceiptHandle: received.Messages[0].ReceiptHandle},
		{Id: aws.String("2"), ReceiptHandle: received.Messages[1].ReceiptHandle},
	}})
	if err != nil || len(deleted.Successful) != 2 {
		t.Fatalf("deleted %+v, %v", deleted, err)
	}
}

func TestTheSDKFindsQueues(t *testing.T) {
	dead, q := standard("dead"), standard("q")
	q.Redrive = &sqs.Redrive{DeadLetterARN: dead.ARN, MaxReceiveCount: 3}
	c := client(t, sqs.Config{}, dead, q)
	found, err := c.GetQueueUrl(t.Context(), &awssqs.GetQueueUrlInput{QueueName: aws.String("q")})
	if err != nil || *found.QueueUrl != q.URL {
		t.Errorf("found %+v, %v", found, err)
	}
	all, err := c.ListQueues(t.Context(), &awssqs.ListQueuesInput{QueueNamePrefix: aws.String("d")})
	if err != nil || len(all.QueueUrls) != 1 || all.QueueUrls[0] != dead.URL {
		t.Errorf("listed %+v, %v", all, err)
	}
	first, err := c.ListQueues(t.Context(), &awssqs.ListQueuesInput{MaxResults: aws.Int32(1)})
	if err != nil || len(first.QueueUrls) != 1 || first.NextToken == nil {
		t.Fatalf("the first page is %+v, %v", first, err)
	}
	second, err := c.ListQueues(t.Context(), &awssqs.ListQueuesInput{MaxResults: aws.Int32(1), NextToken: first.NextToken})
	if err != nil || len(second.QueueUrls) != 1 || second.QueueUrls[0] == first.QueueUrls[0] || second.NextToken != nil {
		t.Errorf("the second page is %+v, %v", second, err)
	}
	got := attributes(t, c, "q")
	if want := `{"deadLetterTargetArn":"` + dead.ARN + `","maxReceiveCount":3}`; got["RedrivePolicy"] != want || got["VisibilityTimeout"] != "30" {
		t.Errorf("the attributes are %v", got)
	}
}

func TestTheSDKRecognisesErrors(t *testing.T) {
	c := client(t, sqs.Config{}, standard("q"))
	send := func(name string) error {
		_, err := c.SendMessage(t.Context(), &awssqs.SendMessageInput{QueueUrl: aws.String(url(name)), MessageBody: aws.String("x")})
		return err
	}
	if err := send("none"); !is[*types.QueueDoesNotExist](err) {
		t.Errorf("an unknown queue is %v", err)
	}
	_, err := c.DeleteMessage(t.Context(), &awssqs.DeleteMessageInput{QueueUrl: aws.String(url("q")), ReceiptHandle: aws.String("nonsense")})
	if !is[*types.ReceiptHandleIsInvalid](err) {
		t.Errorf("a bad handle is %v", err)
	}
	_, err = c.SendMessageBatch(t.Context(), &awssqs.SendMessageBatchInput{QueueUrl: aws.String(url("q")), Entries: []types.SendMessageBatchRequestEntry{}})
	if !is[*types.EmptyBatchRequest](err) {
		t.Errorf("an empty batch is %v", err)
	}
	for range 2 {
		_, err = c.PurgeQueue(t.Context(), &awssqs.PurgeQueueInput{QueueUrl: aws.String(url("q"))})
	}
	if !is[*types.PurgeQueueInProgress](err) {
		t.Errorf("a second purge is %v", err)
	}
	_, err = c.ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{QueueUrl: aws.String(url("q")), MaxNumberOfMessages: 11})
	if failure, ok := errors.AsType[smithy.APIError](err); !ok || failure.ErrorCode() != "InvalidParameterValue" {
		t.Errorf("too many messages is %v", err)
	}
	_, err = c.ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{QueueUrl: aws.String(url("q")), ReceiveRequestAttemptId: aws.String("x")})
	if err == nil {
		t.Error("a parameter that is not supported was ignored")
	}
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

func TestEveryOperationIsAuthorizedOnItsQueue(t *testing.T) {
	var asked []string
	denied := wire.Errorf("AccessDeniedException", "no")
	c := client(t, sqs.Config{Authorize: func(ctx context.Context, action, resource string, _ map[string][]string) error {
		asked = append(asked, wire.Caller(ctx)+" "+action+" "+resource)
		return denied
	}}, standard("q"))
	_, err := c.SendMessageBatch(t.Context(), &awssqs.SendMessageBatchInput{
		QueueUrl: aws.String(url("q")),
		Entries:  []types.SendMessageBatchRequestEntry{{Id: aws.String("1"), MessageBody: aws.String("x")}},
	})
	if failure, ok := errors.AsType[smithy.APIError](err); !ok || failure.ErrorCode() != "AccessDeniedException" {
		t.Errorf("the error is %v, want the refusal", err)
	}
	if want := "AKIDWORKER sqs:SendMessage " + arnStart + "q"; len(asked) != 1 || asked[0] != want {
		t.Errorf("asked %q, want %q", asked, want)
	}
}
