package awsconfig_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"example.com/saga/pkg/awsconfig"
)

// setEnvironment sets only these environment variables of AWS.
func setEnvironment(t *testing.T, variables map[string]string) {
	t.Helper()
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "")
		}
	}
	for name, value := range variables {
		t.Setenv(name, value)
	}
}

// inLambda returns the variables that Lambda sets, and others.
func inLambda(others map[string]string) map[string]string {
	variables := map[string]string{
		"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "AKIALAMBDA", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "session",
	}
	maps.Copy(variables, others)
	return variables
}

func TestAFunctionIsConfiguredByItsEnvironmentAndByNoFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config")
	profile := "[default]\nregion = us-east-1\nmax_attempts = 9\nendpoint_url = http://127.0.0.1:1\n" +
		"aws_access_key_id = AKIAFILE\naws_secret_access_key = file\n"
	if err := os.WriteFile(file, []byte(profile), 0o600); err != nil {
		t.Fatal(err)
	}
	setEnvironment(t, inLambda(map[string]string{"AWS_CONFIG_FILE": file, "AWS_SHARED_CREDENTIALS_FILE": file}))
	cfg, err := awsconfig.FromEnvironment(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	credentials, err := cfg.Credentials.Retrieve(t.Context())
	if err != nil || credentials.AccessKeyID != "AKIALAMBDA" || credentials.SessionToken != "session" {
		t.Errorf("the credentials are those of %s, %v", credentials.AccessKeyID, err)
	}
	if cfg.Region != "eu-west-1" || cfg.BaseEndpoint != nil || cfg.RetryMaxAttempts != 0 {
		t.Errorf("the region is %s, the endpoint %v, attempts are %d", cfg.Region, cfg.BaseEndpoint, cfg.RetryMaxAttempts)
	}
}

func TestAllVariablesOfTheSDKHaveTheirEffectInAFunction(t *testing.T) {
	hosts := make(map[string]int)
	stub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hosts[r.Host]++
		w.WriteHeader(http.StatusInternalServerError)
	}))
	t.Cleanup(stub.Close)
	ofSQS := strings.Replace(stub.URL, "127.0.0.1", "localhost", 1)
	setEnvironment(t, inLambda(map[string]string{
		"AWS_ENDPOINT_URL": stub.URL, "AWS_ENDPOINT_URL_SQS": ofSQS, "AWS_MAX_ATTEMPTS": "2", "AWS_RETRY_MODE": "adaptive",
	}))
	cfg, err := awsconfig.FromEnvironment(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dynamodb.NewFromConfig(cfg).ListTables(t.Context(), &dynamodb.ListTablesInput{}); err == nil {
		t.Error("a call that fails has no error")
	}
	if _, err := sqs.NewFromConfig(cfg).ListQueues(t.Context(), &sqs.ListQueuesInput{}); err == nil {
		t.Error("a call that fails has no error")
	}
	if hosts[strings.TrimPrefix(stub.URL, "http://")] != 2 || hosts[strings.TrimPrefix(ofSQS, "http://")] != 2 || cfg.RetryMode != "adaptive" {
		t.Errorf("the calls are %v, want 2 at %s and 2 at %s; the retry mode is %s", hosts, stub.URL, ofSQS, cfg.RetryMode)
	}

	setEnvironment(t, inLambda(map[string]string{"AWS_USE_FIPS_ENDPOINT": "true"}))
	cfg, err = awsconfig.FromEnvironment(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var host string
	client := dynamodb.NewFromConfig(cfg, func(o *dynamodb.Options) {
		o.RetryMaxAttempts = 1
		o.HTTPClient = inspector(func(r *http.Request) { host = r.URL.Host })
	})
	if _, err := client.ListTables(t.Context(), &dynamodb.ListTablesInput{}); err == nil || !strings.Contains(host, "fips") {
		t.Errorf("the endpoint is %s, %v", host, err)
	}

	for name, value := range map[string]string{"AWS_CA_BUNDLE": "/nowhere", "AWS_MAX_ATTEMPTS": "many"} {
		setEnvironment(t, inLambda(map[string]string{name: value}))
		if _, err := awsconfig.FromEnvironment(t.Context()); err == nil {
			t.Errorf("%s=%s has no effect", name, value)
		}
	}
}

func TestAFunctionWithoutCredentialsCallsNoMetadataService(t *testing.T) {
	metadata := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("%s %s is called", r.Method, r.URL)
	}))
	t.Cleanup(metadata.Close)
	setEnvironment(t, map[string]string{"AWS_REGION": "eu-west-1", "AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata.URL})
	cfg, err := awsconfig.FromEnvironment(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if credentials, err := cfg.Credentials.Retrieve(t.Context()); err == nil {
		t.Errorf("the credentials are those of %s", credentials.AccessKeyID)
	}
}
