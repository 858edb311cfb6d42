// Package acceptance places orders over HTTP and checks their outcomes over the wire: the
// real programs, wired by the synthesized template.
package acceptance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"example.com/saga/acceptance/await"
	"example.com/saga/operator/readyfile"
	"example.com/saga/pkg/awsconfig"
)

// cloud is a running saga.
type cloud struct {
	readyfile.File

	// OrderURL is where the order API begins, without a slash at the end.
	OrderURL  string `json:"-"`
	readyFile string
	// tokens are those of the orders that were placed, by their ids.
	tokens sync.Map
}

// receiving returns the flags of a local cloud that receives this stock when it starts.
func receiving(stock string) []string {
	return []string{"--setup", `dist/local/operator receive -ready-file "$LOCALCLOUD_READY_FILE" ` + stock}
}

// startCloud starts a local cloud with the given flags, with plenty of stock unless
// they say otherwise, and ends it with the test. With SAGA_READY_FILE it takes the one
// that is running instead, if no special flags are asked for.
func startCloud(tb testing.TB, flags ...string) *cloud {
	tb.Helper()
	if running := os.Getenv("SAGA_READY_FILE"); running != "" {
		if len(flags) > 0 {
			tb.Skip("needs a local cloud of its own")
		}
		return readCloud(tb, running)
	}
	root, err := filepath.Abs("..")
	if err != nil {
		tb.Fatal(err)
	}
	ready := filepath.Join(tb.TempDir(), "ready.json")
	command := exec.CommandContext(context.WithoutCancel(tb.Context()), filepath.Join(root, "dist/local/localcloud"), slices.Concat([]string{"up", "--port", "0", "--assembly", "cdk.out/local", "--ready-file", ready}, receiving("123=1000000"), flags)...)
	command.Dir = root
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	tb.Cleanup(func() {
		if tb.Failed() {
			tb.Logf("the local cloud wrote:\n%s", tail(output.String()))
		}
	})
	return launch(tb, command, ready)
}

// launch starts a local cloud, waits until it is ready, and ends it with the test.
func launch(tb testing.TB, command *exec.Cmd, ready string) *cloud {
	tb.Helper()
	if err := command.Start(); err != nil {
		tb.Fatalf("start the local cloud (make host builds it): %v", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	tb.Cleanup(func() {
		if err := stop(command, ended); err != nil {
			tb.Errorf("the local cloud: %v", err)
		}
	})
	await.Until(tb, "the local cloud is ready", func() error {
		select {
		case err := <-ended:
			ended <- err
			tb.Fatalf("the local cloud ended early: %v", err)
		default:
		}
		_, err := os.Stat(ready)
		return err
	})
	return readCloud(tb, ready)
}

func stop(command *exec.Cmd, ended chan error) error {
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case err := <-ended:
		return err
	case <-time.After(30 * time.Second):
		return errors.Join(errors.New("does not end on SIGTERM"), command.Process.Kill())
	}
}

func readCloud(tb testing.TB, path string) *cloud {
	tb.Helper()
	file, err := readyfile.Read(path)
	if err != nil {
		tb.Fatal(err)
	}
	return &cloud{File: file, OrderURL: strings.TrimSuffix(file.Outputs["OrdersUrl"], "/"), readyFile: path}
}

// aws returns the configuration of a client with an operator's credentials.
func (c *cloud) aws(testing.TB) aws.Config { return awsconfig.At(c.AWSEndpointURL, c.Region) }

// response is an answer of the order API.
type response struct {
	Status int
	Header http.Header
	Body   []byte
}

func (r response) decode(tb testing.TB, into any) {
	tb.Helper()
	if err := json.Unmarshal(r.Body, into); err != nil {
		tb.Fatalf("decode %q: %v", r.Body, err)
	}
}

// do sends a request to the order API, or to any absolute address.
func (c *cloud) do(ctx context.Context, method, path, body string, headers ...string) (response, error) {
	address := path
	if strings.HasPrefix(path, "/") {
		address = c.OrderURL + path
	}
	request, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		return response{}, err
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	return c.exchange(request)
}

// exchange sends a request, with the token of its order if it was placed by this test
// and the request has no Authorization header.
func (c *cloud) exchange(request *http.Request) (response, error) {
	_, path, _ := strings.Cut(request.URL.Path, "/orders/")
	id, _, _ := strings.Cut(path, "/")
	if token, placed := c.tokens.Load(id); placed && request.Header["Authorization"] == nil {
		request.Header.Set("Authorization", fmt.Sprint("Bearer ", token))
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return response{}, err
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	var placed order
	if answer.StatusCode == http.StatusAccepted && json.Unmarshal(content, &placed) == nil && placed.Token != "" {
		c.tokens.Store(placed.OrderID, placed.Token)
	}
	return response{answer.StatusCode, answer.Header, content}, err
}

// get decodes the JSON at an address.
func (c *cloud) get(tb testing.TB, path string, into any) {
	tb.Helper()
	answer, err := c.do(tb.Context(), http.MethodGet, path, "")
	if err != nil {
		tb.Fatal(err)
	}
	if answer.Status != http.StatusOK {
		tb.Fatalf("GET %s answers %d: %s", path, answer.Status, answer.Body)
	}
	answer.decode(tb, into)
}

// settled waits until no event is in transit.
func (c *cloud) settled(tb testing.TB) {
	tb.Helper()
	c.settledWithin(tb, await.Patience)
}

func (c *cloud) settledWithin(tb testing.TB, patience time.Duration) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	defer cancel()
	if answer, err := c.do(ctx, http.MethodGet, c.IdleURL, ""); err != nil || answer.Status != http.StatusNoContent {
		tb.Fatalf("after %s events are still in transit: %v %+v: %+v", patience, err, answer, c.usage(tb).Queues)
	}
}

func tail(text string) string {
	const most = 8000
	if len(text) > most {
		return "…" + text[len(text)-most:]
	}
	return text
}

// usage is what the stack was used for since its start, by construct paths.
type usage struct {
	Idle      bool                  `json:"idle"`
	Tables    map[string]tableUsage `json:"tables"`
	Functions map[string]struct {
		LargestBatch       int            `json:"largestBatch"`
		Records            int            `json:"records"`
		Events             int            `json:"events"`
		Calls              map[string]int `json:"calls"`
		Invocations        int            `json:"invocations"`
		Versions           map[string]int `json:"versions"`
		BilledMilliseconds int            `json:"billedMilliseconds"`
		MemoryMB           int            `json:"memoryMb"`
		InitMilliseconds   []float64      `json:"initMilliseconds"`
		Processes          []struct {
			PID      int `json:"pid"`
			RSSBytes int `json:"rssBytes"`
		} `json:"processes"`
	} `json:"functions"`
	Rules map[string]struct {
		Matched      int `json:"matched"`
		DeadLettered int `json:"deadLettered"`
		Dropped      int `json:"dropped"`
	} `json:"rules"`
	Queues map[string]struct {
		Visible  int `json:"visible"`
		InFlight int `json:"inFlight"`
		Sends    int `json:"sends"`
		Receives int `json:"receives"`
		Deletes  int `json:"deletes"`
	} `json:"queues"`
	Buses map[string]struct {
		Chunks int `json:"chunks"`
	} `json:"buses"`
	Destinations map[string]int `json:"destinations"`
	LogGroups    map[string]struct {
		Bytes int `json:"bytes"`
	} `json:"logGroups"`
	DuplicatedMessages int `json:"duplicatedMessages"`
}

// tableUsage is what a table was used for, and of it each kind of items: those whose
// keys have the same prefix.
type tableUsage struct {
	Calls      map[string]int        `json:"calls"`
	ReadUnits  float64               `json:"readUnits"`
	WriteUnits float64               `json:"writeUnits"`
	Kinds      map[string]tableUsage `json:"kinds"`
}

func (c *cloud) usage(tb testing.TB) usage {
	tb.Helper()
	var u usage
	c.get(tb, c.UsageURL, &u)
	return u
}
