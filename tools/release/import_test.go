package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"

	"example.com/saga/tools/internal/repository"
)

// Another team follows docs/importing.md with a version that is released from the working
// tree, and has the programs of two examples in one module.
func TestAnotherModuleImportsARelease(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles the CDK with a module cache of its own")
	}
	const version = "v0.1.0"
	root := copyTree(t)
	if _, err := release(t.Context(), root, version, time.Now()); err != nil {
		t.Fatal(err)
	}
	commit(t, root)
	other := t.TempDir()
	for folder, example := range map[string]string{"feedback": "consumer", "cdk": "importedbus"} {
		if err := os.CopyFS(filepath.Join(other, folder), os.DirFS(filepath.Join(root, "examples", example))); err != nil {
			t.Fatal(err)
		}
		for _, file := range []string{"go.mod", "go.sum"} {
			if err := os.Remove(filepath.Join(other, folder, file)); err != nil {
				t.Fatal(err)
			}
		}
	}
	environment := append(os.Environ(), "GOPROXY="+newProxy(t, root, version), "GOMODCACHE="+newModuleCache(t, root), "GOSUMDB=off",
		"GOWORK=off", "GOFLAGS=-trimpath -modcacherw", "GOBIN="+filepath.Join(other, "bin"))
	run(t, other, environment, "go", "mod", "init", "shop.example.org/feedback")
	for _, line := range documented(t, root) {
		run(t, other, environment, strings.Fields(line)...)
	}
	// The cache of vet depends on the folder, so it would analyse the CDK, for minutes. The
	// example's own test validates the template.
	run(t, other, append(environment, "CDK_VALIDATION=false"), "go", "test", "-vet=off", "./...")
	run(t, other, environment, filepath.Join(other, "bin", "localcloud"), "supported")
}

// documented returns the commands of the first block in docs/importing.md.
func documented(t *testing.T, root string) []string {
	t.Helper()
	_, rest, _ := strings.Cut(read(t, root, "docs/importing.md"), "```sh\n")
	block, _, found := strings.Cut(rest, "\n```")
	if !found {
		t.Fatal("docs/importing.md has no commands")
	}
	return strings.Split(block, "\n")
}

// copyTree returns a repository with the files of the working tree, committed.
func copyTree(t *testing.T) string {
	t.Helper()
	root, original := t.TempDir(), filepath.Join("..", "..")
	listed, err := repository.Git(t.Context(), original, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	if err != nil {
		t.Fatal(err)
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(listed), "\x00"), "\x00") {
		text, err := os.ReadFile(filepath.Join(original, name))
		if os.IsNotExist(err) {
			continue // It is deleted, but that is not committed.
		}
		if err != nil {
			t.Fatal(err)
		}
		write(t, root, name, string(text))
	}
	mustGit(t, root, "init", "--quiet")
	commit(t, root)
	return root
}

// newModuleCache returns a module cache that has what is in the module cache already, without
// extracting it again, except for modules on the domain of the repository.
func newModuleCache(t *testing.T, root string) string {
	t.Helper()
	base, err := repository.ModulePath(root)
	if err != nil {
		t.Fatal(err)
	}
	own, _, _ := strings.Cut(base, "/")
	cache, installed := t.TempDir(), strings.TrimSpace(run(t, root, os.Environ(), "go", "env", "GOMODCACHE"))
	for _, folder := range []string{"", "cache/download"} {
		domains, err := os.ReadDir(filepath.Join(installed, folder))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(cache, folder), 0o750); err != nil {
			t.Fatal(err)
		}
		for _, domain := range domains {
			if name := domain.Name(); name != own && name != "cache" {
				if err := os.Symlink(filepath.Join(installed, folder, name), filepath.Join(cache, folder, name)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	return cache
}

// newProxy returns a GOPROXY with the modules of a release, and with the modules that are
// in the module cache or else where they come from.
func newProxy(t *testing.T, root, version string) string {
	t.Helper()
	base, err := repository.ModulePath(root)
	if err != nil {
		t.Fatal(err)
	}
	proxy := t.TempDir()
	for _, name := range modules() {
		folder := filepath.Join(base, name, "@v", version)
		write(t, proxy, filepath.Join(filepath.Dir(folder), "list"), version+"\n")
		write(t, proxy, folder+".info", `{"Version": "`+version+`"}`)
		write(t, proxy, folder+".mod", read(t, root, name+"/go.mod"))
		archive, err := os.Create(filepath.Join(proxy, folder+".zip"))
		if err != nil {
			t.Fatal(err)
		}
		if err := zip.CreateFromVCS(archive, module.Version{Path: base + "/" + name, Version: version}, root, "HEAD", name); err != nil {
			t.Fatal(err)
		}
		if err := archive.Close(); err != nil {
			t.Fatal(err)
		}
	}
	installed := strings.Fields(run(t, root, os.Environ(), "go", "env", "GOMODCACHE", "GOPROXY"))
	return "file://" + proxy + ",file://" + installed[0] + "/cache/download," + installed[1]
}

func run(t *testing.T, folder string, environment []string, command ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), command[0], command[1:]...)
	c.Dir, c.Env = folder, environment
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, out)
	}
	return string(out)
}
