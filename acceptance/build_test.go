package acceptance

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func root(t *testing.T) string {
	t.Helper()
	folder, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

// programs returns the programs of the functions, such as order/api, by which they are
// in dist/local.
func programs(t *testing.T) []string {
	t.Helper()
	built := filepath.Join(root(t), "dist/local")
	found, err := filepath.Glob(filepath.Join(built, "*/*/bootstrap"))
	if err != nil || len(found) == 0 {
		t.Fatalf("there are no functions (make host builds them): %v", err)
	}
	for i, path := range found {
		if found[i], err = filepath.Rel(built, filepath.Dir(path)); err != nil {
			t.Fatal(err)
		}
	}
	return found
}

// compile builds a program from the sources in a folder into another one. It does so as
// the Makefile does, so that only what differs is compiled again.
func compile(t *testing.T, sources, into, program string, flags ...string) {
	t.Helper()
	arguments := append([]string{
		"build", "-trimpath", "-buildvcs=false", "-ldflags=-s", "-tags", "lambda.norpc", "-o", filepath.Join(into, program, "bootstrap"),
	}, flags...)
	command := exec.CommandContext(t.Context(), "go", append(arguments, "./cmd/"+filepath.Base(program))...)
	command.Dir = filepath.Join(sources, "services", filepath.Dir(program))
	command.Env = append(os.Environ(), "GOWORK=off")
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("build %s of %s with %s: %v\n%s", program, sources, strings.Join(flags, " "), err, output)
	}
}

// overlay writes files of the repository with edits into a folder, and an overlay that
// compiles them in place of the files. It returns the path of the overlay.
func overlay(t *testing.T, folder string, edits ...edit) string {
	t.Helper()
	edited := map[string]string{}
	replaced := map[string]string{}
	for _, each := range edits {
		source := filepath.Join(root(t), each.file)
		if _, begun := edited[source]; !begun {
			text, err := os.ReadFile(source)
			if err != nil && (each.old != "" || !errors.Is(err, fs.ErrNotExist)) {
				t.Fatal(err)
			}
			edited[source] = string(text)
			replaced[source] = filepath.Join(folder, strconv.Itoa(len(replaced))+filepath.Ext(source))
		}
		if n := strings.Count(edited[source], each.old); n != 1 && each.old != "" {
			t.Fatalf("%s has %q %d times, not once", each.file, each.old, n)
		}
		edited[source] = strings.Replace(edited[source], each.old, each.new, 1)
		write(t, replaced[source], edited[source])
	}
	content, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "overlay.json")
	write(t, path, string(content))
	return path
}
