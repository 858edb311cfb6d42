package main

import (
	"archive/zip"
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
)

// plain returns the assembly of a template written by hand, whose function is a handler
// for Node.
func plain(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("there is no Node")
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/plain")); err != nil {
		t.Fatal(err)
	}
	return dir
}

func runPlain(t *testing.T, dir string) {
	t.Helper()
	r := startProgram(t, "--assembly", dir, "--parameter", "Greeting=hello")
	group := "/aws/lambda/" + r.ready.Functions["Function"]
	r.awaitLog(t, group, `"Scheduled Event"`)

	queues := awssqs.New(awssqs.Options{
		BaseEndpoint: &r.ready.AWSEndpointURL, Region: r.ready.Region, Credentials: credentials.NewStaticCredentialsProvider("operator", "operator", ""),
	})
	url := r.ready.Queues["Queue"]
	for _, body := range []string{`{"kind": "other"}`, `{"kind": "wanted"}`} {
		if _, err := queues.SendMessage(t.Context(), &awssqs.SendMessageInput{QueueUrl: &url, MessageBody: &body}); err != nil {
			t.Fatal(err)
		}
	}
	r.awaitLog(t, group, "wanted")

	const signature = "AWS4-HMAC-SHA256 Credential=operator/20261122/eu-west-1/lambda/aws4_request, SignedHeaders=host, Signature=0"
	if got := get(t, r.ready.FunctionURLs["Function"], signature); got != "hello" {
		t.Errorf("the URL answers %s", got)
	}
	if got := get(t, r.ready.FunctionURLs["Function"], ""); !strings.Contains(got, "Forbidden") {
		t.Errorf("without a signature the URL answers %s", got)
	}
	usage := r.usage(t)
	for deadline := time.Now().Add(10 * time.Second); !usage.Idle && time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		usage = r.usage(t)
	}
	if got := usage.Functions["Function"]; got.Records != 1 || got.Events != 1 || got.Requests != 1 || got.Failed != 0 {
		t.Errorf("the function has done %+v, want a message, an event and a request", got)
	}
	if left := usage.Queues["Queue"]; left.Visible != 0 || left.InFlight != 0 || usage.Lost != 0 {
		t.Errorf("the queue has %+v, and %d are lost", left, usage.Lost)
	}
	if code := r.stop(t, syscall.SIGTERM); code != 0 || r.stderr.Len() > 0 {
		t.Errorf("the program ends with %d: %s", code, r.stderr)
	}
}

// get returns the body of the answer.
func get(t *testing.T, url, authorization string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", authorization)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestAPlainTemplateRunsWithAHandlerForNode(t *testing.T) {
	runPlain(t, plain(t))
}

func TestACodeAssetMayBeAZipArchive(t *testing.T) {
	dir := plain(t)
	folder := filepath.Join(dir, "function")
	var content bytes.Buffer
	archive := zip.NewWriter(&content)
	if err := archive.AddFS(os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(folder, content.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	runPlain(t, dir)
}

func TestAManagedRuntimeWithoutABootstrapIsRefusedWithWhatItNeeds(t *testing.T) {
	dir := plain(t)
	if err := os.Remove(filepath.Join(dir, "function", "bootstrap")); err != nil {
		t.Fatal(err)
	}
	got := runProgram(t, "up", "--assembly", dir)
	for _, want := range []string{
		"parameter Greeting: it has no default: set it with --parameter Greeting=VALUE",
		"resource Function (AWS::Lambda::Function): the runtime nodejs22.x is not part of the local cloud: it needs an executable " + filepath.Join(dir, "function", "bootstrap"),
	} {
		if got.code != 1 || !strings.Contains(got.stderr, want) {
			t.Errorf("the program ends with %d and %s, want %s", got.code, got.stderr, want)
		}
	}
}
