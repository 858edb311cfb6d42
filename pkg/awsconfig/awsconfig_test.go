package awsconfig_test

import (
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"example.com/saga/pkg/awsconfig"
)

var errNotSent = errors.New("not sent")

// inspector is an HTTP client that calls a function with each request and does not
// send it.
type inspector func(*http.Request)

func (i inspector) Do(r *http.Request) (*http.Response, error) {
	i(r)
	return nil, errNotSent
}

func TestTheBodyOfARequestHasNoWriterTo(t *testing.T) {
	var sent []byte
	var hasWriterTo bool
	cfg, err := awsconfig.Load(t.Context(),
		config.WithRegion("eu-west-1"),
		config.WithRetryMaxAttempts(1),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("id", "secret", "")))
	if err != nil {
		t.Fatal(err)
	}
	client := sqs.NewFromConfig(cfg, func(o *sqs.Options) {
		o.HTTPClient = inspector(func(r *http.Request) {
			_, hasWriterTo = r.Body.(io.WriterTo)
			sent, _ = io.ReadAll(r.Body)
			if r.ContentLength != int64(len(sent)) {
				t.Errorf("content length %d of %d bytes", r.ContentLength, len(sent))
			}
		})
	})
	_, err = client.GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: new("orders")})
	if !errors.Is(err, errNotSent) {
		t.Fatal(err)
	}
	if hasWriterTo {
		t.Error("net/http would call WriteTo of the body")
	}
	if string(sent) != `{"QueueName":"orders"}` {
		t.Errorf("sent %q", sent)
	}
}
