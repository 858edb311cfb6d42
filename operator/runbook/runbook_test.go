package runbook_test

import (
	"os"
	"strings"
	"testing"

	"example.com/saga/operator/runbook"
)

func TestTheRunbookIsThatOfTheDocuments(t *testing.T) {
	embedded, err := os.ReadFile("dead-letters.txt")
	if err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile("../../docs/runbooks/dead-letters.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(embedded) != string(written) {
		t.Error("it differs from docs/runbooks/dead-letters.md (make golden copies that)")
	}
}

func TestEachReasonHasItsAdvice(t *testing.T) {
	all, err := runbook.DeadLetters()
	if err != nil {
		t.Fatal(err)
	}
	for reason, want := range map[string]string{
		`INVALID_EVENT: invalid event: unknown type "x"`:               "can never be handled",
		"the function failed: the payload is a batch":                  "Repair the wiring",
		"the function failed: dial tcp: connection refused (Error)":    "works again: redrive",
		"failed 10 times in Payment/Queue":                             "works again: redrive",
		"failed 3 times in Shop/Queue":                                 "works again: redrive",
		"NO_PERMISSIONS: not allowed (rule arn:a, target arn:b)":       "removed a permission",
		"NO_RESOURCE: there is no such queue (rule arn:a, target arn)": "removed a permission",
	} {
		found := string(runbook.For(all, reason))
		if !strings.Contains(found, want) {
			t.Errorf("%s has the advice %q", reason, found)
		}
		if strings.Contains(found, `href="..`) || strings.Contains(found, `href="#`) {
			t.Errorf("the advice on %s has a link that leads nowhere: %s", reason, found)
		}
	}
	if found := runbook.For(all, "unknown reason"); found != "" {
		t.Errorf("an unknown reason has the advice %s", found)
	}
}
