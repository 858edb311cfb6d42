package awsconfig_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"example.com/saga/pkg/awsconfig"
)

// setHostileEnvironment sets the environment variables and files of AWS, with all
// endpoints set to the given one.
func setHostileEnvironment(t *testing.T, elsewhere string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config")
	profile := "[default]\nregion = us-east-1\nendpoint_url = " + elsewhere + "\nca_bundle = /nowhere\nservices = all\n" +
		"[services all]\nsqs =\n  endpoint_url = " + elsewhere + "\n"
	if err := os.WriteFile(file, []byte(profile), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"AWS_PROFILE": "missing", "AWS_DEFAULT_PROFILE": "missing", "AWS_SDK_LOAD_CONFIG": "1",
		"AWS_CONFIG_FILE": file, "AWS_SHARED_CREDENTIALS_FILE": "/nowhere", "AWS_CA_BUNDLE": "/nowhere",
		"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1",
		"AWS_ACCESS_KEY_ID": "AKIASHELL", "AWS_SECRET_ACCESS_KEY": "shell", "AWS_SESSION_TOKEN": "shell",
		"AWS_ENDPOINT_URL": elsewhere, "AWS_ENDPOINT_URL_SQS": elsewhere, "AWS_ENDPOINT_URL_EVENTBRIDGE": elsewhere, "AWS_ENDPOINT_URL_DYNAMODB": elsewhere,
		"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true", "AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true",
		"AWS_MAX_ATTEMPTS": "many", "AWS_RETRY_MODE": "never",
		"HTTP_PROXY": elsewhere, "http_proxy": elsewhere, "HTTPS_PROXY": elsewhere, "https_proxy": elsewhere, "NO_PROXY": "", "no_proxy": "",
	} {
		t.Setenv(name, value)
	}
}

func TestClientsOfAtIgnoreTheEnvironment(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("%s %s was called elsewhere", r.Method, r.URL)
	}))
	t.Cleanup(elsewhere.Close)
	var signed []string
	here := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		signed = append(signed, r.Header.Get("Authorization"))
		if _, err := io.WriteString(w, "{}"); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(here.Close)
	setHostileEnvironment(t, elsewhere.URL)
	cfg := awsconfig.At(here.URL, "eu-west-1")
	if _, err := sqs.NewFromConfig(cfg).ListQueues(t.Context(), &sqs.ListQueuesInput{}); err != nil {
		t.Error(err)
	}
	if _, err := eventbridge.NewFromConfig(cfg).ListEventBuses(t.Context(), &eventbridge.ListEventBusesInput{}); err != nil {
		t.Error(err)
	}
	if _, err := dynamodb.NewFromConfig(cfg).ListTables(t.Context(), &dynamodb.ListTablesInput{}); err != nil {
		t.Error(err)
	}
	for _, header := range signed {
		if !strings.Contains(header, "Credential=local/") || !strings.Contains(header, "/eu-west-1/") {
			t.Errorf("a call is signed with %s", header)
		}
	}
	if len(signed) != 3 {
		t.Errorf("%d calls arrived, want 3", len(signed))
	}
}
