package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// cloudFormation answers DescribeStacks with a status, or that the stack does not
// exist, and once the file is there that it was created. It counts the requests.
func cloudFormation(t *testing.T, status types.StackStatus, deployed string) *int {
	t.Helper()
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		status := status
		if exists(deployed) {
			status = types.StackStatusCreateComplete
		}
		if err := r.ParseForm(); err != nil || r.Form.Get("Action") != "DescribeStacks" {
			t.Errorf("the request is %v, %v", r.Form, err)
		}
		w.Header().Set("Content-Type", "text/xml")
		if status == missing {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type><Code>ValidationError</Code>`+
				`<Message>Stack with id %s does not exist</Message></Error></ErrorResponse>`, r.Form.Get("StackName"))
			return
		}
		fmt.Fprintf(w, `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member>`+
			`<StackName>%s</StackName><CreationTime>2026-11-27T10:00:00Z</CreationTime><StackStatus>%s</StackStatus>`+
			`</member></Stacks></DescribeStacksResult></DescribeStacksResponse>`, r.Form.Get("StackName"), status)
	}))
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_PROFILE": "",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
	return &requests
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

func TestOnlyAStackThatWasNeverCreatedIsDeployedTwice(t *testing.T) {
	created := map[types.StackStatus]bool{
		types.StackStatusCreateComplete: true, types.StackStatusUpdateInProgress: true, types.StackStatusUpdateCompleteCleanupInProgress: true,
		types.StackStatusUpdateComplete: true, types.StackStatusUpdateFailed: true, types.StackStatusUpdateRollbackInProgress: true,
		types.StackStatusUpdateRollbackFailed: true, types.StackStatusUpdateRollbackCompleteCleanupInProgress: true,
		types.StackStatusUpdateRollbackComplete: true, types.StackStatusImportInProgress: true, types.StackStatusImportComplete: true,
		types.StackStatusImportRollbackInProgress: true, types.StackStatusImportRollbackFailed: true, types.StackStatusImportRollbackComplete: true,
	}
	for _, status := range append(types.StackStatus("").Values(), missing) {
		t.Run(string(status), func(t *testing.T) {
			ran := filepath.Join(t.TempDir(), "ran")
			cloudFormation(t, status, ran)
			var out bytes.Buffer
			if err := run(t.Context(), &out, "prod", "saga-prod", []string{"touch", ran}); err != nil {
				t.Fatal(err)
			}
			if first := exists(ran); first == created[status] || first != strings.Contains(out.String(), "saga-prod was never created completely") {
				t.Errorf("the first deployment is made: %t, and the command prints %q", first, out.String())
			}
		})
	}
}

func TestAnUnprotectedEnvironmentIsDeployedOnceWithoutARequest(t *testing.T) {
	ran := filepath.Join(t.TempDir(), "ran")
	requests := cloudFormation(t, missing, ran)
	if err := run(t.Context(), &bytes.Buffer{}, "dev", "saga-dev", []string{"touch", ran}); err != nil {
		t.Fatal(err)
	}
	if exists(ran) || *requests > 0 {
		t.Errorf("the first deployment is made: %t, with %d requests", exists(ran), *requests)
	}
}

func TestAFirstDeploymentThatFailsIsNotFollowedByTheSecond(t *testing.T) {
	cloudFormation(t, types.StackStatusRollbackComplete, "never")
	err := run(t.Context(), &bytes.Buffer{}, "prod", "saga-prod", []string{"false"})
	if err == nil || !strings.Contains(err.Error(), "docs/first-deployment.md") {
		t.Errorf("got %v, want an error that names the page", err)
	}
}

func TestAFirstDeploymentThatIsOnlyPreparedIsNotFollowedByTheSecond(t *testing.T) {
	cloudFormation(t, types.StackStatusReviewInProgress, "never")
	err := run(t.Context(), &bytes.Buffer{}, "prod", "saga-prod", []string{"true"})
	if err == nil || !strings.Contains(err.Error(), "the stack saga-prod is not created (REVIEW_IN_PROGRESS)") {
		t.Errorf("got %v, want an error with the status", err)
	}
}

func TestWithoutAnAnswerNothingIsDeployed(t *testing.T) {
	cloudFormation(t, missing, "never")
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	ran := filepath.Join(t.TempDir(), "ran")
	if err := run(t.Context(), &bytes.Buffer{}, "prod", "saga-prod", []string{"touch", ran}); err == nil {
		t.Error("no error is returned")
	}
	if exists(ran) {
		t.Error("the first deployment is made")
	}
}

func TestTheStackIsLookedUpWithTheProfileOfTheCDK(t *testing.T) {
	cloudFormation(t, missing, "never")
	err := run(t.Context(), &bytes.Buffer{}, "prod", "saga-prod", []string{"true", "--profile", "absent"})
	if err == nil || !strings.Contains(err.Error(), "absent") {
		t.Errorf("got %v, want that there is no profile absent", err)
	}
}
