package document

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/saga/acceptance/await"
)

// started is what make run has started in a tree.
type started struct {
	tree
	ready struct {
		UsageURL     string
		FunctionURLs map[string]string
	}
}

// makeRun runs make run, until the end of the test.
func (d tree) makeRun(t *testing.T) started {
	t.Helper()
	s := started{tree: d}
	command := d.command(t, nil, "make", "run", "FLAGS=--port 0")
	var output strings.Builder
	command.Stdout, command.Stderr = &output, &output
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.WaitDelay = 10 * time.Second
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	t.Cleanup(func() {
		// As Ctrl-C does, which make takes for a failure.
		if err := syscall.Kill(-command.Process.Pid, syscall.SIGINT); err != nil {
			t.Error(err)
		}
		<-ended
	})
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		text, err := os.ReadFile(d.path(".local/ready.json"))
		if err == nil {
			if err := json.Unmarshal(text, &s.ready); err != nil {
				t.Fatal(err)
			}
			return s
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("make run ended: %v\n%s", err, output.String())
		default:
		}
		if time.Now().After(deadline) {
			t.Fatal("make run takes too long")
		}
	}
}

// processes returns the processes of each function that has any.
func (s started) processes(t *testing.T) map[string][]int {
	t.Helper()
	var usage struct {
		Functions map[string]struct{ Processes []struct{ PID int } }
	}
	if err := json.Unmarshal(get(t, s.ready.UsageURL), &usage); err != nil {
		t.Fatal(err)
	}
	found := map[string][]int{}
	for path, function := range usage.Functions {
		for _, running := range function.Processes {
			found[path] = append(found[path], running.PID)
		}
		slices.Sort(found[path])
	}
	return found
}

func get(t *testing.T, url string) []byte {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// A copy has what was kept in the original: its programs, which are linked again only if they
// have changed, and its assembly.
func TestACopyInAFolderWithASpaceRunsItsOwnProgramsAndReloadsThem(t *testing.T) {
	copied := copyTreeTo(t, filepath.Join(t.TempDir(), "a b", "clone"))
	copied.linkNodeModules(t)
	for _, kept := range []string{"cdk.out/local", ".local", "dist"} {
		if err := os.CopyFS(copied.path(kept), os.DirFS(tree(root).path(kept))); err != nil {
			t.Fatalf("make host cdk.out/local/manifest.json makes it: %v", err)
		}
	}
	if err := os.RemoveAll(copied.path(".local/ready.json")); err != nil {
		t.Fatal(err)
	}
	s := copied.makeRun(t)
	before := s.processes(t)
	for path, pids := range before {
		for _, pid := range pids {
			if program := copied.run(t, nil, "ps", "-o", "args=", "-p", strconv.Itoa(pid)); !strings.HasPrefix(program, string(copied)+"/") {
				t.Errorf("the function %s runs %s", path, program)
			}
		}
	}
	if queues := copied.run(t, nil, "make", "dlq"); !strings.Contains(queues, "Order/") {
		t.Errorf("make dlq prints\n%s", queues)
	}
	const program = "services/order/cmd/api/main.go"
	copied.write(t, program, copied.read(t, program)+"\nfunc init() { println(\"built again\") }\n")
	if built := copied.run(t, nil, "make", "--no-print-directory", "reload"); built != "Built order/api.\n" {
		t.Errorf("make reload prints\n%s", built)
	}
	const api = "Order/Api"
	get(t, s.ready.FunctionURLs[api])
	// The process of the old program ends after the answer of the new one.
	await.Until(t, "a process of the new program alone", func() error {
		if running := s.processes(t)[api]; len(running) == 0 || slices.ContainsFunc(running, func(pid int) bool { return slices.Contains(before[api], pid) }) {
			return fmt.Errorf("%v runs, before the reload %v", running, before[api])
		}
		return nil
	})
	after := s.processes(t)
	for path, pids := range before {
		for _, pid := range pids {
			if path != api && !slices.Contains(after[path], pid) {
				t.Errorf("make reload ended a process of the function %s, whose program is the same", path)
			}
		}
	}
}
