package lambda

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"

	"example.com/saga/localcloud/guard"
)

const runtimePath = "/2018-06-01/runtime/"

// runtimeAPI is the Lambda Runtime API of one process. Its address, the value
// of AWS_LAMBDA_RUNTIME_API, ends in a secret that no other process has,
// because a request for the next event removes it from the others. Runtimes
// append their paths to it.
type runtimeAPI struct {
	address string
	server  *http.Server

	// ready receives a token when the process requests an event, and work sends
	// the event. initFailed receives the error that the process reports when it
	// cannot start.
	ready      chan struct{}
	work       chan *invocation
	initFailed chan []byte
	closing    chan struct{}

	mu      sync.Mutex
	current *invocation
}

func newRuntimeAPI(ctx context.Context, function string, logger *slog.Logger) (*runtimeAPI, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the Runtime API: %w", err)
	}
	secret := "/" + rand.Text()
	api := &runtimeAPI{
		address: listener.Addr().String() + secret,
		ready:   make(chan struct{}, 1), work: make(chan *invocation), initFailed: make(chan []byte, 1), closing: make(chan struct{}),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+secret+runtimePath+"invocation/next", api.next)
	mux.HandleFunc("POST "+secret+runtimePath+"invocation/{id}/response", api.response)
	mux.HandleFunc("POST "+secret+runtimePath+"invocation/{id}/error", api.failure)
	mux.HandleFunc("POST "+secret+runtimePath+"init/error", api.initError)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		writeError(w, http.StatusForbidden, "Forbidden", "a Runtime API answers its own process only")
	})
	api.server = guard.NewServer(mux, logger)
	go func() {
		if err := api.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			logger.ErrorContext(ctx, "a Runtime API has failed", "function", function, "error", err)
		}
	}()
	return api, nil
}

func (api *runtimeAPI) close() error {
	close(api.closing)
	return api.server.Close()
}

// next waits for an event until the process closes the connection.
func (api *runtimeAPI) next(w http.ResponseWriter, r *http.Request) {
	api.mu.Lock()
	unanswered := api.current != nil
	api.mu.Unlock()
	if unanswered {
		writeError(w, http.StatusForbidden, "InvalidStateTransition", "the last event is not answered yet")
		return
	}
	select {
	case api.ready <- struct{}{}:
	default:
	}
	select {
	case inv := <-api.work:
		api.deliver(w, inv)
	case <-r.Context().Done():
	case <-api.closing:
		writeError(w, http.StatusInternalServerError, "Runtime.Shutdown", "the environment is shut down")
	}
}

func (api *runtimeAPI) deliver(w http.ResponseWriter, inv *invocation) {
	api.mu.Lock()
	api.current = inv
	// A process that requested an event twice has left a token.
	select {
	case <-api.ready:
	default:
	}
	api.mu.Unlock()
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Lambda-Runtime-Aws-Request-Id", inv.id)
	header.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(inv.deadline.UnixMilli(), 10))
	header.Set("Lambda-Runtime-Invoked-Function-Arn", inv.arn)
	header.Set("Lambda-Runtime-Trace-Id", inv.trace)
	// If this fails, the invocation ends at its deadline.
	_, _ = w.Write(inv.payload)
}

func (api *runtimeAPI) response(w http.ResponseWriter, r *http.Request) {
	body, err := readBody(w, r)
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		api.answer(w, r, http.StatusRequestEntityTooLarge, func(inv *invocation) Result {
			return inv.failure("Function.ResponseSizeTooLarge", "Response payload size exceeded maximum allowed payload size (%d bytes).", maximumPayload)
		})
		return
	}
	result := Result{Payload: body}
	// A runtime that streams its response reports a failure in a trailer.
	if err == nil && r.Trailer.Get("Lambda-Runtime-Function-Error-Type") != "" {
		result.FunctionError = errorUnhandled
		result.Payload, err = base64.StdEncoding.DecodeString(r.Trailer.Get("Lambda-Runtime-Function-Error-Body"))
	}
	api.end(w, r, result, err)
}

func (api *runtimeAPI) failure(w http.ResponseWriter, r *http.Request) {
	body, err := readBody(w, r)
	api.end(w, r, Result{Payload: body, FunctionError: errorUnhandled}, err)
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	return io.ReadAll(http.MaxBytesReader(w, r.Body, maximumPayload))
}

// end ends the current invocation with a result, unless the request could not be read.
func (api *runtimeAPI) end(w http.ResponseWriter, r *http.Request, result Result, err error) {
	if err != nil {
		writeError(w, http.StatusBadRequest, "InvalidRequest", err.Error())
		return
	}
	api.answer(w, r, http.StatusAccepted, func(inv *invocation) Result {
		result.RequestID = inv.id
		return result
	})
}

// answer ends the current invocation, if the request is about that one.
func (api *runtimeAPI) answer(w http.ResponseWriter, r *http.Request, status int, result func(*invocation) Result) {
	api.mu.Lock()
	inv := api.current
	if inv == nil || inv.id != r.PathValue("id") {
		api.mu.Unlock()
		writeError(w, http.StatusBadRequest, "InvalidRequestID", "no event with this id is being handled")
		return
	}
	api.current = nil
	api.mu.Unlock()
	inv.answered <- result(inv)
	writeJSON(w, status, map[string]string{"status": "OK"})
}

func (api *runtimeAPI) initError(w http.ResponseWriter, r *http.Request) {
	body, err := readBody(w, r)
	if err != nil {
		writeError(w, http.StatusBadRequest, "InvalidRequest", err.Error())
		return
	}
	select {
	case api.initFailed <- body:
		writeJSON(w, http.StatusAccepted, map[string]string{"status": "OK"})
	default:
		writeError(w, http.StatusForbidden, "InvalidStateTransition", "the error is reported already")
	}
}

func writeError(w http.ResponseWriter, status int, kind, message string) {
	writeJSON(w, status, functionError{Type: kind, Message: message})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// If this fails, the process has ended, which is noticed elsewhere.
	_, _ = w.Write(text)
}
