package cloud_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awseventbridge "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"example.com/saga/localcloud/cloud"
)

// built is the folder of the test function's artefact.
var built string

func TestMain(m *testing.M) {
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "worker")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	built = dir
	build := exec.CommandContext(context.Background(), "go", "build", "-o", filepath.Join(dir, "bootstrap"), "./testdata/worker")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v: %s\n", err, out)
		return 1
	}
	return m.Run()
}

// resources is the Resources section of a template.
type resources map[string]map[string]any

// properties returns the properties of a resource, to be changed.
func (r resources) properties(id string) map[string]any {
	return r[id]["Properties"].(map[string]any)
}

// assembled writes the test stack's assembly, changed by the test.
func assembled(t *testing.T, change func(resources)) string {
	t.Helper()
	text, err := os.ReadFile("testdata/shop.template.json")
	if err != nil {
		t.Fatal(err)
	}
	var template struct {
		Resources resources
		Outputs   map[string]any
	}
	if err := json.Unmarshal(text, &template); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(template.Resources)
	}
	dir := t.TempDir()
	for name, content := range map[string]any{
		"shop.template.json": template,
		"shop.assets.json": map[string]any{"files": map[string]any{"worker": map[string]any{
			"source":       map[string]any{"path": built, "packaging": "zip"},
			"destinations": map[string]any{"here": map[string]any{"objectKey": "worker.zip"}},
		}}},
		"manifest.json": map[string]any{"artifacts": map[string]any{
			"shop.assets": map[string]any{"type": "cdk:asset-manifest", "properties": map[string]any{"file": "shop.assets.json"}},
			"shop":        map[string]any{"type": "aws:cloudformation:stack", "properties": map[string]any{"templateFile": "shop.template.json"}},
		}},
	} {
		text, err := json.Marshal(content)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// stack is a running test stack, and an operator's clients for it.
type stack struct {
	*cloud.Cloud

	where  cloud.Description
	events *awseventbridge.Client
	queues *awssqs.Client
}

func configOf(dir string) cloud.Config {
	return cloud.Config{
		Assembly: dir, Region: "eu-west-1", AccountID: "000000000000",
		Clock: time.Now, Random: rand.Reader, Logger: slog.New(slog.DiscardHandler),
	}
}

// start runs the test stack, changed by the test.
func start(t *testing.T, change func(resources)) stack {
	t.Helper()
	return startWith(t, configOf(assembled(t, change)))
}

func startWith(t *testing.T, config cloud.Config) stack {
	t.Helper()
	running, err := cloud.Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.Close(); err != nil {
			t.Error(err)
		}
	})
	where := running.Describe()
	operator := credentials.NewStaticCredentialsProvider("operator", "secret", "")
	return stack{
		Cloud: running, where: where,
		events: awseventbridge.New(awseventbridge.Options{BaseEndpoint: &where.AWSEndpointURL, Region: where.Region, Credentials: operator}),
		queues: awssqs.New(awssqs.Options{BaseEndpoint: &where.AWSEndpointURL, Region: where.Region, Credentials: operator}),
	}
}

// refused starts a stack that must not start, and returns the error.
func refused(t *testing.T, change func(resources)) string {
	t.Helper()
	running, err := cloud.Start(t.Context(), configOf(assembled(t, change)))
	if err == nil {
		t.Fatal("the stack starts", running.Close())
	}
	return err.Error()
}

// publish puts an event on the bus and waits until all that follows is done.
func (s stack) publish(t *testing.T, source, detail string) {
	t.Helper()
	s.publishTo(t, "shop", source, detail)
}

func (s stack) publishTo(t *testing.T, bus, source, detail string) {
	t.Helper()
	out, err := s.events.PutEvents(t.Context(), &awseventbridge.PutEventsInput{Entries: []eventtypes.PutEventsRequestEntry{{
		EventBusName: &bus, Source: &source, DetailType: aws.String("thing"), Detail: &detail,
	}}})
	if err != nil || out.FailedEntryCount != 0 {
		t.Fatalf("publishing fails: %v %+v", err, out)
	}
	s.settle(t)
}

func (s stack) settle(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := s.AwaitIdle(ctx); err != nil {
		t.Fatal(err)
	}
}

// only returns the one message of a queue that no function polls.
func (s stack) only(t *testing.T, path string) sqstypes.Message {
	t.Helper()
	out, err := s.queues.ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{
		QueueUrl: aws.String(s.where.Queues[path]), MaxNumberOfMessages: 10, MessageAttributeNames: []string{"All"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Messages) != 1 {
		t.Fatalf("%s has %d messages, want 1", path, len(out.Messages))
	}
	return out.Messages[0]
}

// call lets the function make an API call with the rights of its role.
func (s stack) call(t *testing.T, target, body string) (status int, answer string) {
	t.Helper()
	task := fmt.Sprintf(`{"target": %q, "body": %s}`, target, body)
	return request(t, http.MethodPost, s.where.FunctionURLs["Shop/Worker"], http.Header{"Content-Type": {"application/json"}}, task)
}

func request(t *testing.T, method, url string, header http.Header, body string) (status int, answer string) {
	t.Helper()
	made, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	made.Header = header
	response, err := http.DefaultClient.Do(made)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(bytes.TrimSpace(text))
}
