package apidestination

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"example.com/saga/localcloud/eventbridge"
)

// maximumResponse is how much of an answer is read before its connection is
// closed; its content does not matter.
const maximumResponse = 1 << 20

func closeBody(response *http.Response) {
	//nolint:errcheck // The answer's content has no meaning, only its status has.
	io.CopyN(io.Discard, response.Body, maximumResponse)
	//nolint:errcheck // There is nothing to do about a connection that does not close.
	response.Body.Close()
}

// connectionFailure returns the failure of a request that got no answer.
func connectionFailure(err error) error {
	failure := &eventbridge.DeliveryError{Code: eventbridge.CodeConnectionFailure, Message: err.Error(), Retryable: true}
	if network, ok := errors.AsType[net.Error](err); ok && network.Timeout() {
		failure.Code = eventbridge.CodeTimeout
	}
	return failure
}

// deliveryResult returns nil for a success, or a failure that is to be retried
// or permanent.
func (s *Service) deliveryResult(response *http.Response) error {
	status := response.StatusCode
	if status >= 200 && status < 300 {
		return nil
	}
	failure := &eventbridge.DeliveryError{
		Code:      eventbridge.CodeErrorFromTarget,
		Message:   fmt.Sprintf("the endpoint answered with the HTTP status %d", status),
		Retryable: isRetryable(status),
	}
	after, given := retryAfter(response.Header.Get("Retry-After"), s.clock())
	switch {
	case given && after < 0:
		failure.Retryable = false
	case given && failure.Retryable:
		failure.RetryAfter = after
	}
	return failure
}

func isRetryable(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusProxyAuthRequired, http.StatusConflict, http.StatusTooManyRequests:
		return true
	default:
		return status >= 500
	}
}

// retryAfter reads a Retry-After header: seconds, which may be negative to stop
// the retries, or a date.
func retryAfter(value string, now time.Time) (time.Duration, bool) {
	if seconds, err := strconv.Atoi(value); err == nil {
		return time.Duration(seconds) * time.Second, true
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	return max(at.Sub(now), 0), true
}
