package document

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// tree is a copy of the repository.
type tree string

// copyTree copies the files that git tracks or would track, with their times, so that
// make does not build again what is up to date.
func copyTree(t *testing.T) tree {
	t.Helper()
	return copyTreeTo(t, t.TempDir())
}

// copyTreeTo is copyTree into a folder.
func copyTreeTo(t *testing.T, folder string) tree {
	t.Helper()
	if testing.Short() {
		t.Skip("builds a copy of the repository")
	}
	original, copied := tree(root), tree(folder)
	listed := original.run(t, nil, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	for name := range strings.SplitSeq(strings.TrimSuffix(listed, "\x00"), "\x00") {
		info, err := os.Stat(original.path(name))
		if os.IsNotExist(err) {
			continue // It is deleted, but that is not committed yet.
		}
		if err != nil {
			t.Fatal(err)
		}
		copied.write(t, name, original.read(t, name))
		if err := os.Chtimes(copied.path(name), info.ModTime(), info.ModTime()); err != nil {
			t.Fatal(err)
		}
	}
	return copied
}

func (d tree) path(name string) string { return filepath.Join(string(d), name) }

func (d tree) read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(d.path(name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func (d tree) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(d.path(name)), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(d.path(name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// run runs a command in the tree and returns its stdout. It fails the test if the command
// fails.
func (d tree) run(t *testing.T, variables []string, name string, arguments ...string) string {
	t.Helper()
	command := d.command(t, variables, name, arguments...)
	var output, problems strings.Builder
	command.Stdout, command.Stderr = &output, &problems
	if err := command.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(arguments, " "), err, output.String(), problems.String())
	}
	return output.String()
}

func (d tree) command(t *testing.T, variables []string, name string, arguments ...string) *exec.Cmd {
	t.Helper()
	command := exec.CommandContext(context.WithoutCancel(t.Context()), name, arguments...)
	command.Dir = string(d)
	// With -trimpath the build cache also serves a copy in another folder.
	command.Env = append(append(os.Environ(), "GOFLAGS=-trimpath"), variables...)
	return command
}

// linkNodeModules links the installed modules, one by one: npm would follow a link to
// the folder, and remove what is in it.
func (d tree) linkNodeModules(t *testing.T) {
	t.Helper()
	installed, err := filepath.Abs(filepath.Join(root, "node_modules"))
	if err != nil {
		t.Fatal(err)
	}
	modules, err := os.ReadDir(installed)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(d.path("node_modules"), 0o750); err != nil {
		t.Fatal(err)
	}
	for _, module := range modules {
		if err := os.Symlink(filepath.Join(installed, module.Name()), filepath.Join(d.path("node_modules"), module.Name())); err != nil {
			t.Fatal(err)
		}
	}
}
