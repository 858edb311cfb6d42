package acceptance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"example.com/saga/acceptance/await"
)

// makeRun starts what `make run` starts, with a ready file of its own, and ends it
// with the test.
func makeRun(t *testing.T, out *os.File) *cloud {
	t.Helper()
	if os.Getenv("SAGA_READY_FILE") != "" {
		t.Skip("needs a local cloud of its own")
	}
	ready := filepath.Join(t.TempDir(), "ready.json")
	recipe := exec.CommandContext(t.Context(), "make", "-n", "run", "READY="+ready)
	recipe.Dir = ".."
	// The make that runs this test passes its flags on.
	recipe.Env = slices.DeleteFunc(os.Environ(), func(variable string) bool {
		return strings.HasPrefix(variable, "MAKE") || strings.HasPrefix(variable, "MFLAGS=")
	})
	text, err := recipe.Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	last := lines[len(lines)-1]
	if !strings.Contains(last, "& exec dist/local/localcloud up ") {
		t.Fatalf("the last command of make run is %s", last)
	}
	command := exec.CommandContext(context.WithoutCancel(t.Context()), "sh", "-c", last)
	command.Dir, command.Stdout, command.Stderr = "..", out, out
	return launch(t, command, ready)
}

func TestTheConsoleStartsAndEndsWithMakeRun(t *testing.T) {
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close() })
	var console string
	page := func() error {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, console, http.NoBody)
		if err != nil {
			return err
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			return fmt.Errorf("the console answers %s", answer.Status)
		}
		return nil
	}
	t.Run("make run", func(t *testing.T) {
		makeRun(t, out)
		printed, err := os.ReadFile(out.Name())
		if err != nil {
			t.Fatal(err)
		}
		first, _, _ := strings.Cut(string(printed), "\n")
		if console = regexp.MustCompile(`http://127\.0\.0\.1:\d+/`).FindString(first); console == "" {
			t.Fatalf("the first line is not the address of the console: %s", printed)
		}
		await.Until(t, "the console shows the saga", page)
	})
	await.Until(t, "the console ends with make run", func() error {
		if page() == nil {
			return errors.New("it still answers")
		}
		return nil
	})
}

// example returns a command of those that `make run` prints, which has this text.
func example(t *testing.T, printed, text string) string {
	t.Helper()
	for line := range strings.Lines(printed) {
		if strings.HasPrefix(line, "  ") && strings.Contains(line, text) {
			return strings.TrimSpace(line)
		}
	}
	t.Fatalf("make run prints no command with %s:\n%s", text, printed)
	return ""
}

// shell runs a command and returns what it prints.
func shell(t *testing.T, command string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "sh", "-c", command).Output()
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	return string(out)
}

func TestTheCommandsThatMakeRunPrintsPlaceAndFollowAnOrderThatIsShipped(t *testing.T) {
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close() })
	c := makeRun(t, out)
	var printed string
	await.Until(t, "the commands are printed", func() error {
		text, err := os.ReadFile(out.Name())
		if printed = string(text); err == nil && !strings.Contains(printed, "make watch") {
			return fmt.Errorf("printed is %s", printed)
		}
		return err
	})
	head, body, _ := strings.Cut(shell(t, example(t, printed, "-d ")), "\r\n\r\n")
	var placed order
	if err := json.Unmarshal([]byte(body), &placed); err != nil || !strings.Contains(head, fmt.Sprint(" ", http.StatusAccepted, " ")) {
		t.Fatalf("the order is answered with %s\n%s", head, body)
	}
	fill := strings.NewReplacer("{orderId}", placed.OrderID, "{token}", placed.Token)
	c.tokens.Store(placed.OrderID, placed.Token)
	c.awaitStatus(t, placed.OrderID, "shipped")
	c.settled(t)
	if got := shell(t, fill.Replace(example(t, printed, "/{orderId}\n"))); !strings.Contains(got, `"shipped"`) {
		t.Errorf("the order is %s", got)
	}
	// Any other token is answered as an unknown order.
	if got := shell(t, fill.Replace(example(t, printed, "/cancellation"))); !strings.Contains(got, "/problems/too-late") {
		t.Errorf("the cancellation is answered with %s", got)
	}
	if got := shell(t, example(t, printed, "/deliveries")+" -s"); !strings.Contains(got, placed.OrderID) {
		t.Errorf("the notifications are %s", got)
	}
	c.settled(t)
	c.checkInvariants(t)
}
