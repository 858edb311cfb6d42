package main

import (
	"net/http"
	"strings"
	"syscall"
	"testing"
)

func TestAnyAppRunsWithoutSpecialFlags(t *testing.T) {
	r := startProgram(t, "--assembly", assembled(t))
	r.publish(t, "item.sold", `{"id": "1", "subject": "s-1"}`)
	if got := r.usage(t); got.Functions["Shop/Worker"].Records != 1 || got.Lost != 0 {
		t.Errorf("the function has done %+v, and %d are lost", got.Functions["Shop/Worker"], got.Lost)
	}
	if status, _ := send(t, http.MethodGet, r.ready.FunctionURLs["Shop/Worker"], http.Header{}); status == http.StatusForbidden {
		t.Error("the function's URL is closed")
	}
	if got := r.usage(t).Functions["Shop/Worker"].Requests; got != 1 {
		t.Errorf("the function got %d requests, want 1", got)
	}
	if code := r.stop(t, syscall.SIGTERM); code != 0 {
		t.Errorf("the program ends with %d: %s", code, r.stderr)
	}
	for _, want := range []string{"  s-1                                   item.sold                      queued\n", "shop is up", "  Shop/Worker  " + r.ready.FunctionURLs["Shop/Worker"] + "\n"} {
		if !strings.Contains(r.stdout.String(), want) {
			t.Errorf("shown is %s, want %q in it", r.stdout, want)
		}
	}
}
