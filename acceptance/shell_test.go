package acceptance

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// hostileShell sets every variable for AWS that a shell may have. A call that goes to
// another endpoint because of them fails the test.
func hostileShell(t *testing.T) {
	t.Helper()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("%s %s %s was called elsewhere", r.Method, r.URL, r.Header.Get("X-Amz-Target"))
		w.WriteHeader(http.StatusTeapot)
	}))
	t.Cleanup(elsewhere.Close)
	file := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(file, []byte("[default]\nregion = us-east-1\nendpoint_url = "+elsewhere.URL+"\nca_bundle = /nowhere\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"AWS_PROFILE": "missing", "AWS_SDK_LOAD_CONFIG": "1", "AWS_CONFIG_FILE": file, "AWS_SHARED_CREDENTIALS_FILE": "/nowhere",
		"AWS_CA_BUNDLE": "/nowhere", "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1",
		"AWS_ACCESS_KEY_ID": "AKIASHELL", "AWS_SECRET_ACCESS_KEY": "shell", "AWS_SESSION_TOKEN": "shell",
		"AWS_ENDPOINT_URL": elsewhere.URL, "AWS_ENDPOINT_URL_EVENTBRIDGE": elsewhere.URL, "AWS_ENDPOINT_URL_SQS": elsewhere.URL,
		"AWS_ENDPOINT_URL_DYNAMODB": elsewhere.URL, "AWS_ENDPOINT_URL_LAMBDA": elsewhere.URL, "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": elsewhere.URL,
		"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true", "AWS_MAX_ATTEMPTS": "many",
		"HTTP_PROXY": elsewhere.URL, "HTTPS_PROXY": elsewhere.URL, "http_proxy": elsewhere.URL, "https_proxy": elsewhere.URL,
		"NO_PROXY": "", "no_proxy": "",
	} {
		t.Setenv(name, value)
	}
}

func TestTheLocalSagaIgnoresTheAWSSettingsOfTheShell(t *testing.T) {
	hostileShell(t)
	c := startCloud(t, "--port", "0") // A local cloud of its own, in this shell.
	placed := c.placeMany(t, 1, 1)[0]
	c.awaitStatus(t, placed.OrderID, "shipped")
	c.settled(t)
	c.checkInvariants(t)
	for _, arguments := range [][]string{
		{"dlq", "-ready-file", c.readyFile},
		{"audit", "-ready-file", c.readyFile},
		{"replay", "-ready-file", c.readyFile, "-dry-run", "-to", "Payment", "-order", placed.OrderID},
	} {
		program := exec.CommandContext(t.Context(), "../dist/local/operator", arguments...)
		if out, err := program.CombinedOutput(); err != nil {
			t.Errorf("operator %v: %v: %s", arguments, err, out)
		}
	}
	watched := c.watch(t, "-json", "-queue", "-order", placed.OrderID)
	if first := watched.line(t); !strings.Contains(first, `"order.placed"`) {
		t.Errorf("the first event in the queue is %s", first)
	}
	watched = c.watch(t, "-json")
	c.placeMany(t, 1, 1)
	if first := watched.line(t); !strings.Contains(first, `"order.placed"`) {
		t.Errorf("the first event in the log is %s", first)
	}
}

func TestReceiveUsesTheAWSSettingsOfTheShell(t *testing.T) {
	received := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		answer := `{"FailedEntryCount":0,"Entries":[{"EventId":"1"}]}`
		switch text := string(body); {
		case strings.Contains(text, "Action=GetTemplate"):
			answer = `<R><GetTemplateResult><TemplateBody>{"Resources": {"Bus": {"Metadata": {"aws:cdk:path": "saga-dev/GlobalBus/Resource"}}}}</TemplateBody></GetTemplateResult></R>`
		case strings.Contains(text, "Action=ListStackResources"):
			answer = `<R><ListStackResourcesResult><StackResourceSummaries><member><LogicalResourceId>Bus</LogicalResourceId>` +
				`<PhysicalResourceId>bus-of-saga-dev</PhysicalResourceId><ResourceType>AWS::Events::EventBus</ResourceType></member></StackResourceSummaries></ListStackResourcesResult></R>`
		default:
			var in struct {
				Entries []struct{ EventBusName, DetailType string }
			}
			if err := json.Unmarshal(body, &in); err != nil || len(in.Entries) != 1 {
				t.Errorf("received is %s, %v", body, err)
			}
			received <- r.Header.Get("Authorization") + " " + in.Entries[0].DetailType + " " + in.Entries[0].EventBusName
		}
		if _, err := io.WriteString(w, answer); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	command := exec.CommandContext(t.Context(), "../dist/local/operator", "receive", "-stack", "saga-dev", "123=1")
	command.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+server.URL, "AWS_REGION=eu-central-1",
		"AWS_ACCESS_KEY_ID=AKIASHELL", "AWS_SECRET_ACCESS_KEY=shell")
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if got := <-received; !strings.Contains(got, "Credential=AKIASHELL/") || !strings.Contains(got, "/eu-central-1/events/") ||
		!strings.HasSuffix(got, " warehouse.stock-received bus-of-saga-dev") {
		t.Errorf("it was called with %s", got)
	}
}
