// Package orderapi places and cancels orders through the order API of a saga, where the
// API requires no IAM signature.
package orderapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/uuid"

	"example.com/saga/operator/stack"
)

// Function is the construct path of the function that is the order API.
const Function = "Order/Api"

// live is the alias through which the function is invoked, as infra/boundedcontext names it.
const live = "live"

const (
	// timeout bounds a request. The API responds as soon as an order is committed.
	timeout = 30 * time.Second
	// attempts is how often a request is sent that the API fails to answer.
	attempts = 20
	pause    = 100 * time.Millisecond
)

// problem is the reason why the API refuses a request.
type problem struct {
	status int
	text   string
}

func (p problem) Error() string { return p.text }

// Client is a client of an order API.
type Client struct {
	// URL is where the API begins, without a slash at the end.
	URL string
	// Token returns the token of an order.
	Token func(ctx context.Context, orderID string) (string, error)
}

// URLs is the part of the Lambda client that describes function URLs.
type URLs interface {
	GetFunctionUrlConfig(context.Context, *lambda.GetFunctionUrlConfigInput, ...func(*lambda.Options)) (*lambda.GetFunctionUrlConfigOutput, error)
}

// FindURL returns the address of the order API, or "" if it requires IAM signatures. In
// AWS it needs the permission lambda:GetFunctionUrlConfig.
func FindURL(ctx context.Context, client URLs, in stack.Stack) (string, error) {
	if in.Local() {
		return strings.TrimSuffix(in.FunctionURLs[Function], "/"), nil
	}
	name := in.Functions[Function]
	out, err := client.GetFunctionUrlConfig(ctx, &lambda.GetFunctionUrlConfigInput{FunctionName: &name, Qualifier: aws.String(live)})
	var none *types.ResourceNotFoundException
	switch {
	case errors.As(err, &none):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("get the URL of the order API: %w", err)
	case out.AuthType != types.FunctionUrlAuthTypeNone:
		return "", nil
	}
	return strings.TrimSuffix(*out.FunctionUrl, "/"), nil
}

// Place places a sample, and requests its cancellation, which may come too late, if it is
// such a sample. It returns the id of the order.
func (c *Client) Place(ctx context.Context, sample Sample) (string, error) {
	body, err := sample.Order.JSON()
	if err != nil {
		return "", err
	}
	key := uuid.NewString()
	id, err := c.place(ctx, body, key)
	if err == nil && sample.Twice {
		id, err = c.place(ctx, body, key)
	}
	if err == nil && sample.Cancel {
		err = c.Cancel(ctx, id)
		if refused, is := errors.AsType[problem](err); is && refused.status == http.StatusConflict {
			err = nil
		}
	}
	return id, err
}

func (c *Client) place(ctx context.Context, body, key string) (string, error) {
	answer, err := c.post(ctx, "/orders", body, "Content-Type", "application/json", "Idempotency-Key", key)
	if err != nil {
		return "", fmt.Errorf("place the order: %w", err)
	}
	var placed struct{ OrderID string }
	if err := json.Unmarshal(answer, &placed); err != nil || placed.OrderID == "" {
		return "", fmt.Errorf("place the order: %q has no order id", answer)
	}
	return placed.OrderID, nil
}

// Cancel requests the cancellation of an order.
func (c *Client) Cancel(ctx context.Context, orderID string) error {
	token, err := c.Token(ctx, orderID)
	if err != nil {
		return fmt.Errorf("cancel the order: %w", err)
	}
	if _, err := c.post(ctx, "/orders/"+orderID+"/cancellation", "", "Authorization", "Bearer "+token); err != nil {
		return fmt.Errorf("cancel the order: %w", err)
	}
	return nil
}

// post sends a request until the API answers it without failing, and returns the body of
// the answer. The order API may be sent each of its requests again: an order has an
// idempotency key, and a cancellation is one.
func (c *Client) post(ctx context.Context, path, body string, headers ...string) (answer []byte, err error) {
	for range attempts {
		answer, err = c.try(ctx, path, body, headers...)
		if refused, is := errors.AsType[problem](err); err == nil || is && refused.status < http.StatusInternalServerError {
			break
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pause):
		}
	}
	return answer, err
}

// try sends a request once. The error of a refused one is the problem that the API reports.
func (c *Client) try(ctx context.Context, path, body string, headers ...string) (_ []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, answer.Body.Close()) }()
	const largest = 1 << 20
	content, err := io.ReadAll(io.LimitReader(answer.Body, largest))
	if err != nil {
		return nil, err
	}
	if answer.StatusCode == http.StatusAccepted {
		return content, nil
	}
	var described struct{ Title, Detail string }
	if err := json.Unmarshal(content, &described); err != nil || described.Title == "" {
		return nil, problem{answer.StatusCode, "the order API answers " + answer.Status}
	}
	return nil, problem{answer.StatusCode, strings.TrimSpace(described.Title + ". " + described.Detail)}
}
