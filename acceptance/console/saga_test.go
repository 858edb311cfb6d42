package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/uuid"

	"example.com/saga/acceptance/await"
	"example.com/saga/operator/deadletter"
	"example.com/saga/operator/orderapi"
	"example.com/saga/operator/readyfile"
	"example.com/saga/pkg/awsconfig"
)

// saga is a saga in a local cloud, with its console.
type saga struct {
	readyfile.File

	// console is the address of the console.
	console, readyFile string
	queues             *sqs.Client
	// stop ends the local cloud.
	stop func()
}

// startSaga starts a local cloud and a console, and ends them with the test.
func startSaga(tb testing.TB, flags ...string) *saga {
	tb.Helper()
	s := startCloud(tb, flags...)
	s.startConsole(tb)
	return s
}

// startCloud starts a local cloud, and ends it with the test.
func startCloud(tb testing.TB, flags ...string) *saga {
	tb.Helper()
	s := &saga{readyFile: filepath.Join(tb.TempDir(), "ready.json")}
	s.startCloud(tb, flags...)
	return s
}

// startCloud starts a local cloud, and ends it with the test.
func (s *saga) startCloud(tb testing.TB, flags ...string) {
	tb.Helper()
	ready := s.readyFile
	_, s.stop = start(tb, "localcloud", slices.Concat([]string{
		"up", "--port", "0", "--assembly", "cdk.out/local", "--ready-file", ready,
		"--setup", `dist/local/operator receive -ready-file "$LOCALCLOUD_READY_FILE" 123=1000000`,
	}, flags)...)
	await.Until(tb, "the local cloud is ready", func() error {
		_, err := os.Stat(ready)
		return err
	})
	var err error
	if s.File, err = readyfile.Read(ready); err != nil {
		tb.Fatal(err)
	}
	s.queues = sqs.NewFromConfig(awsconfig.At(s.AWSEndpointURL, s.Region))
}

// startConsole starts a console of the saga, and ends it with the test.
func (s *saga) startConsole(tb testing.TB) {
	tb.Helper()
	out, _ := start(tb, "operator", "console", "-ready-file", s.readyFile, "-port", "0")
	await.Until(tb, "the console prints its address", func() error {
		printed, err := os.ReadFile(out)
		s.console = regexp.MustCompile(`http://\S+/`).FindString(string(printed))
		if err == nil && s.console == "" {
			err = fmt.Errorf("it prints %q", printed)
		}
		return err
	})
	await.Until(tb, "the console shows the saga", func() error {
		_, err := request(tb, http.MethodGet, s.console, "", http.StatusOK)
		return err
	})
}

// start starts one of the programs that make host builds, ends it with the test if not
// before, and returns the file that it prints to.
func start(tb testing.TB, program string, arguments ...string) (printed string, stop func()) {
	tb.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		tb.Fatal(err)
	}
	command := exec.CommandContext(context.WithoutCancel(tb.Context()), filepath.Join(root, "dist/local", program), arguments...)
	command.Dir = root
	out, err := os.Create(filepath.Join(tb.TempDir(), program))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { out.Close() })
	command.Stdout, command.Stderr = out, out
	if err := command.Start(); err != nil {
		tb.Fatalf("start %s (make host builds it): %v", program, err)
	}
	stop = sync.OnceFunc(func() {
		command.Process.Signal(syscall.SIGTERM)
		kill := time.AfterFunc(await.Patience, func() { command.Process.Kill() })
		defer kill.Stop()
		if err := command.Wait(); err != nil {
			tb.Errorf("%s ends with %v", program, err)
		}
		if printed, err := os.ReadFile(out.Name()); tb.Failed() || err != nil {
			tb.Logf("%s prints:\n%s", program, printed)
		}
	})
	tb.Cleanup(stop)
	return out.Name(), stop
}

// place places an order that differs from one that ships, and returns its id.
func (s *saga) place(tb testing.TB, change func(*orderapi.Order)) string {
	tb.Helper()
	order := orderapi.Samples()[0].Order
	change(&order)
	body, err := order.JSON()
	if err != nil {
		tb.Fatal(err)
	}
	key := uuid.NewString()
	var placed struct{ OrderID string }
	await.Until(tb, "the order is placed", func() error {
		answer, err := request(tb, http.MethodPost, s.Outputs["OrdersUrl"]+"orders", body, http.StatusAccepted, "Idempotency-Key", key)
		if err != nil {
			return err
		}
		return json.Unmarshal(answer, &placed)
	})
	return placed.OrderID
}

// request returns the body of an answer. Another status than the wanted one is an error.
func request(tb testing.TB, method, address, body string, want int, headers ...string) ([]byte, error) {
	tb.Helper()
	sent, err := http.NewRequestWithContext(tb.Context(), method, address, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	sent.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		sent.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(sent)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != want {
		err = fmt.Errorf("%s %s is answered with %s: %s", method, address, answer.Status, content)
	}
	return content, err
}

// take takes so many events out of a queue, and returns them by their orders.
func (s *saga) take(tb testing.TB, queue string, n int) map[string]string {
	tb.Helper()
	taken := make(map[string]string)
	await.Until(tb, fmt.Sprintf("%d events are in %s", n, queue), func() error {
		out, err := s.queues.ReceiveMessage(tb.Context(), &sqs.ReceiveMessageInput{QueueUrl: aws.String(s.Queues[queue]), MaxNumberOfMessages: 10})
		if err != nil {
			return err
		}
		for _, message := range out.Messages {
			taken[(deadletter.Message{Body: *message.Body}).Content().Order] = *message.Body
			if _, err := s.queues.DeleteMessage(tb.Context(), &sqs.DeleteMessageInput{QueueUrl: aws.String(s.Queues[queue]), ReceiptHandle: message.ReceiptHandle}); err != nil {
				return err
			}
		}
		if len(taken) < n {
			return fmt.Errorf("there are %d", len(taken))
		}
		return nil
	})
	return taken
}

// send sends a message to a queue.
func (s *saga) send(tb testing.TB, queue, body string) {
	tb.Helper()
	if _, err := s.queues.SendMessage(tb.Context(), &sqs.SendMessageInput{QueueUrl: aws.String(s.Queues[queue]), MessageBody: &body}); err != nil {
		tb.Fatal(err)
	}
}

// stopTwo places orders while Payment is paused, and resumes it. One of them has a dead
// letter with an event that can be handled, one with an event that cannot.
func (s *saga) stopTwo(tb testing.TB) (undelivered, poisoned string) {
	tb.Helper()
	// The paused function may have received some of the messages already.
	for range 6 {
		s.place(tb, func(*orderapi.Order) {})
	}
	events := s.take(tb, "Payment/Queue", 2)
	stopped := slices.Sorted(maps.Keys(events))
	s.send(tb, "Payment/DeadLetters", events[stopped[0]])
	s.send(tb, "Payment/Queue", strings.Replace(events[stopped[1]], "warehouse.stock-reserved", "warehouse.stock-poisoned", 1))
	for _, order := range stopped[2:] {
		s.send(tb, "Payment/Queue", events[order])
	}
	if _, err := request(tb, http.MethodPost, s.AWSEndpointURL+"/resume", "", http.StatusNoContent); err != nil {
		tb.Fatal(err)
	}
	return stopped[0], stopped[1]
}

// placeKilled places an order while processes are killed, and returns its id once one was
// killed that worked on it.
func (s *saga) placeKilled(tb testing.TB) string {
	tb.Helper()
	change := func(probability float64) {
		if _, err := request(tb, http.MethodPut, s.FaultsURL, fmt.Sprintf(`{"faults": {"kill-before-call": %g}}`, probability), http.StatusOK); err != nil {
			tb.Fatal(err)
		}
	}
	change(0.5)
	defer change(0)
	order := s.place(tb, func(*orderapi.Order) {})
	await.Until(tb, "a process that works on the order is killed", func() error {
		page, err := request(tb, http.MethodGet, s.console+"orders/"+order, "", http.StatusOK)
		if err == nil && !strings.Contains(string(page), "process ended: ") {
			err = errors.New("none was")
		}
		return err
	})
	return order
}
