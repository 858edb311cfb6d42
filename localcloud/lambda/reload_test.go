package lambda_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/saga/localcloud/lambda"
)

// program is a bootstrap that answers every event with a text and the id of its process,
// once the file "go" is in its folder.
func program(text string) string {
	return `#!/bin/sh
base=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation
while :; do
	id=$(curl -sSD - -o /dev/null $base/next | tr -d '\r' | sed -n 's/^Lambda-Runtime-Aws-Request-Id: //p')
	[ "$id" ] || exit 1
	echo began
	until [ -e go ]; do sleep 0.01; done
	curl -sS -o /dev/null -d "\"` + text + ` $$\"" $base/$id/response
done
`
}

// scripted is a function whose code can be written again.
type scripted struct {
	*bench
	folder, arn string
}

func newScripted(t *testing.T) scripted {
	t.Helper()
	s := scripted{bench: newBench(t, nil), folder: t.TempDir()}
	s.write("first")
	s.put("go", "", 0o600)
	s.arn = s.add("scripted", func(f *lambda.Function) { f.Code = s.folder })
	return s
}

// put writes a file of the code whole or not at all.
func (s scripted) put(name, content string, mode fs.FileMode) {
	s.Helper()
	unfinished := filepath.Join(s.TempDir(), "unfinished")
	if err := os.WriteFile(unfinished, []byte(content), mode); err != nil {
		s.Fatal(err)
	}
	if err := os.Rename(unfinished, filepath.Join(s.folder, name)); err != nil {
		s.Fatal(err)
	}
}

func (s scripted) write(text string) { s.put("bootstrap", program(text), 0o700) }

// answers invokes the function, and returns what the program is and its process.
func (s scripted) answers() (text string, pid int) {
	s.Helper()
	result, err := s.Invoke(s.Context(), s.arn, []byte("{}"))
	if err != nil || result.FunctionError != "" {
		s.Fatalf("it answers %s, %v", result.Payload, err)
	}
	if _, err := fmt.Sscanf(string(result.Payload), `"%s %d"`, &text, &pid); err != nil {
		s.Fatalf("it answers %s: %v", result.Payload, err)
	}
	return text, pid
}

func (s scripted) assertAnswer(want string) {
	s.Helper()
	if got, _ := s.answers(); got != want {
		s.Errorf("the program %s answers, want the %s", got, want)
	}
}

func TestAFunctionThatIsBuiltAgainIsUsedFromItsNextInvocationOn(t *testing.T) {
	s := newScripted(t)
	_, before := s.answers()
	if text, pid := s.answers(); text != "first" || pid != before {
		t.Errorf("without a change the process %d is followed by %d of the %s", before, pid, text)
	}
	s.write("second")
	s.assertAnswer("second")
	s.eventually("the end of the old process", func() bool { return hasEnded(before) && len(s.Stats(s.arn).Processes) == 1 })
}

func TestAnyFileOfTheCodeIsAChangeButAnInstalledPackage(t *testing.T) {
	s := newScripted(t)
	_, before := s.answers()
	s.put("config.json", "{}", 0o600)
	_, after := s.answers()
	if after == before {
		t.Error("a new file is not noticed")
	}
	if err := os.MkdirAll(filepath.Join(s.folder, "node_modules"), 0o700); err != nil {
		t.Fatal(err)
	}
	s.put("node_modules/index.js", "", 0o600)
	if _, pid := s.answers(); pid != after {
		t.Error("an installed package is a change")
	}
}

func TestAnInvocationUnderWayEndsInTheOldProcess(t *testing.T) {
	s := newScripted(t)
	s.answers()
	if err := os.Remove(filepath.Join(s.folder, "go")); err != nil {
		t.Fatal(err)
	}
	var results [2]lambda.Result
	var both sync.WaitGroup
	invoke := func(i int) {
		both.Go(func() {
			var err error
			if results[i], err = s.Invoke(t.Context(), s.arn, []byte("{}")); err != nil {
				t.Error(err)
			}
		})
		const answered = 1
		s.eventually("the invocation", func() bool { return len(s.written()) == answered+i+1 })
	}
	invoke(0)
	s.write("second")
	invoke(1)
	s.put("go", "", 0o600)
	both.Wait()
	for i, want := range []string{"first", "second"} {
		if got := string(results[i].Payload); !strings.Contains(got, want) {
			t.Errorf("the invocation %d is answered by %s, want the %s", i, got, want)
		}
	}
	s.assertAnswer("second")
}

func TestAProgramThatIsBeingWrittenIsNotStarted(t *testing.T) {
	s := newScripted(t)
	s.answers()
	path := filepath.Join(s.folder, "bootstrap")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	s.assertAnswer("first") // In the process that there is.
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o700)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString("#!/bin/sh\nexit 1\n"); err != nil {
		t.Fatal(err)
	}
	answered := make(chan lambda.Result, 1)
	go func() {
		result, err := s.Invoke(t.Context(), s.arn, []byte("{}"))
		if err != nil {
			t.Error(err)
		}
		answered <- result
	}()
	s.eventually("the invocation", func() bool { return !s.Idle() })
	if err := errors.Join(file.Truncate(0), writeAt(file, program("second")), file.Close()); err != nil {
		t.Fatal(err)
	}
	if got := <-answered; !strings.Contains(string(got.Payload), "second") {
		t.Errorf("it answers %s", got.Payload)
	}
}

func writeAt(file *os.File, text string) error {
	_, err := file.WriteAt([]byte(text), 0)
	return err
}

func TestAnArchiveThatIsWrittenAgainIsUnzippedAgain(t *testing.T) {
	b := newBench(t, nil)
	archive := filepath.Join(t.TempDir(), "code.zip")
	write := func(content []byte) {
		if err := os.WriteFile(archive, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(b.archived("first"))
	arn := b.add("behave", func(f *lambda.Function) { f.Code = archive })
	client := b.client()
	for _, step := range []struct {
		content []byte
		want    string
	}{{b.archived("first"), "first"}, {[]byte("no archive"), "first"}, {b.archived("second"), "second"}} {
		write(step.content)
		if got := b.run(client, arn, "").mark; got != step.want {
			t.Errorf("the code is the %s, want the %s", got, step.want)
		}
	}
}

func TestUploadedCodeIsNotReplacedByThatOfTheTemplate(t *testing.T) {
	s := newScripted(t)
	other := filepath.Join(t.TempDir(), "code.zip")
	if err := os.WriteFile(other, s.archived("uploaded"), 0o600); err != nil {
		t.Fatal(err)
	}
	arn := s.add("behave", func(f *lambda.Function) { f.Code = other })
	client := s.client()
	s.publish(client, "published")
	if err := os.WriteFile(other, s.archived("rebuilt"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, qualifier := range []string{"", "1"} {
		if got := s.run(client, arn, qualifier).mark; got != "published" {
			t.Errorf("the version %q has the %s code", qualifier, got)
		}
	}
}

func TestAFunctionThatIsDebuggedHasOneProcessAndNoTimeout(t *testing.T) {
	pids := make(chan int, 10)
	b := newBench(t, func(config *lambda.Config) {
		config.Debugged = func(arn string, pid int) {
			if arn != lambdas+"behave" {
				t.Errorf("%s is debugged", arn)
			}
			pids <- pid
		}
	})
	b.add("batch", nil)
	arn := b.add("behave", func(f *lambda.Function) { f.Debug, f.Timeout = true, time.Millisecond })
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	paused := make(chan lambda.Result, 1)
	go func() { paused <- b.invoke(arn, "pause") }()
	b.eventually("the invocation", func() bool { return !b.Idle() })
	if _, err := b.Invoke(t.Context(), arn, []byte("{}")); err == nil {
		t.Error("a second invocation runs at once")
	}
	if got, want := decode[int](b, (<-paused).Payload), <-pids; got != want || len(pids) > 0 || !slices.Equal(b.Stats(arn).Processes, []int{want}) {
		t.Errorf("the process %d has answered, want %d, the only one", got, want)
	}
	left := decode[struct{ Left int64 }](b, b.invoke(arn, "context").Payload).Left
	if left < (24 * time.Hour).Milliseconds() {
		t.Errorf("the invocation has %d ms left", left)
	}
}
