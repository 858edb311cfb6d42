package main

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awscloudwatchlogs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// withDefaults returns the assembly of an app that leaves all to CDK's defaults,
// with its function built.
func withDefaults(t *testing.T) string {
	t.Helper()
	return withCode(t, built)
}

// withCode is withDefaults with this folder as the code of its function.
func withCode(t *testing.T, code string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/notes")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(code, filepath.Join(dir, "asset.writer")); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestAnAppWithCDKsDefaultsRunsWithoutSpecialFlags(t *testing.T) {
	r := startProgram(t, "--assembly", withDefaults(t))
	r.publishTo(t, "default", "notes", "note.written", `{"id": "1"}`)
	usage := r.usage(t)
	if got := usage.Functions["Writer"]; got.Records != 1 || got.Failed != 0 || got.Events != 1 {
		t.Errorf("the function has done %+v, want an event and a message", got)
	}
	if got := usage.Rules["Rule"]; got.Delivered != 2 || usage.Lost != 0 {
		t.Errorf("the rule has done %+v, and %d are lost", got, usage.Lost)
	}
	r.awaitLog(t, "/aws/lambda/"+r.ready.Functions["Writer"], `"note.written"`)
	if code := r.stop(t, syscall.SIGTERM); code != 0 || r.stderr.Len() > 0 {
		t.Errorf("the program ends with %d: %s", code, r.stderr)
	}
}

func TestAFunctionUsesWhatCDKGrantsByItsURL(t *testing.T) {
	r := startProgram(t, "--assembly", withDefaults(t))
	url := r.ready.Outputs["Url"]
	put := func(table string) (int, error) {
		task := `{"target": "DynamoDB_20120810.PutItem", "body": {"TableName": "` + table + `", "Item": {"id": {"S": "1"}}}}`
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(task))
		if err != nil {
			return 0, err
		}
		request.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return 0, err
		}
		return response.StatusCode, response.Body.Close()
	}
	for table, want := range map[string]int{r.ready.Tables["Table"]: http.StatusOK, "others": http.StatusBadRequest} {
		if status, err := put(table); err != nil || status != want {
			t.Errorf("an item for the table %s is answered with %d, %v, want %d", table, status, err, want)
		}
	}
	if got := r.usage(t).Tables["Table"].Calls["PutItem"]; got != 1 {
		t.Errorf("the table got %d items, want 1", got)
	}
	r.stop(t, syscall.SIGTERM)
}

func TestTheProcessesThatAScriptStartsCountAndEndWithTheProgram(t *testing.T) {
	script := t.TempDir()
	if err := os.WriteFile(filepath.Join(script, "bootstrap"), []byte("#!/bin/sh\n'"+built+"/bootstrap'\nexit 1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGKILL} {
		r := startProgram(t, "--assembly", withCode(t, script))
		processes := r.usage(t).Functions["Writer"].Processes
		if len(processes) != 2 || processes[0].RSSBytes == 0 || processes[1].RSSBytes <= processes[0].RSSBytes {
			t.Errorf("the processes are %+v, want a shell and a larger one", processes)
		}
		r.stop(t, signal)
		for _, process := range processes {
			for deadline := time.Now().Add(10 * time.Second); runs(t, process.PID); time.Sleep(5 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("process %d lives on after %s", process.PID, signal)
				}
			}
		}
	}
}

// runs reports whether a process runs: one that has ended may not have been reaped.
func runs(t *testing.T, pid int) bool {
	t.Helper()
	state, err := exec.CommandContext(t.Context(), "ps", "-o", "stat=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && !strings.HasPrefix(string(state), "Z")
}

// awaitLog waits for a line with the text in a log group, which may come after the
// function is done.
func (r running) awaitLog(t *testing.T, group, text string) {
	t.Helper()
	client := awscloudwatchlogs.New(awscloudwatchlogs.Options{
		BaseEndpoint: &r.ready.AWSEndpointURL, Region: r.ready.Region, Credentials: credentials.NewStaticCredentialsProvider("operator", "operator", ""),
	})
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		out, err := client.FilterLogEvents(t.Context(), &awscloudwatchlogs.FilterLogEventsInput{LogGroupName: &group, FilterPattern: aws.String(text)})
		switch {
		case err == nil && len(out.Events) > 0:
			return
		case time.Now().After(deadline):
			t.Fatalf("the log group %s has no line with %s: %v", group, text, err)
		}
	}
}
