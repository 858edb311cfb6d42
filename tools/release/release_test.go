package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/tools/internal/goapi"
	"example.com/saga/tools/internal/repository"
)

const (
	event = "package event\n\n// Event is an event.\ntype Event struct{ ID string }\n"
	added = "package event\n\n// Encode encodes.\nfunc Encode(Event) string { return \"\" }\n"
)

var friday = time.Date(2026, 3, 6, 1, 2, 3, 0, time.FixedZone("", 5*3600))

// newRepository returns the folder of a repository with the tags, of which each is a
// commit, and files that are committed after them.
func newRepository(t *testing.T, files map[string]string, tags ...string) string {
	t.Helper()
	root := t.TempDir()
	require := "go 1.26.0\n\nrequire old.example/saga/pkg v0.0.0-00010101000000-000000000000 // Replaced.\n\nreplace old.example/saga/pkg => "
	for name, text := range map[string]string{
		"go.work":                             "go 1.26.0\n\nuse (\n\t./pkg\n\t./infra\n\t./services/order\n)\n",
		"CHANGELOG.md":                        "# Changelog\n\nWhat changes.\n\n## 2026-03-04\n\n- A change.\n",
		"pkg/go.mod":                          "module old.example/saga/pkg\n\ngo 1.26.0\n",
		"pkg/event/event.go":                  event,
		"infra/go.mod":                        "module old.example/saga/infra\n\n" + require + "../pkg\n",
		"infra/boundedcontext/context.go":     "package boundedcontext\n",
		"services/order/go.mod":               "module old.example/saga/services/order\n\n" + require + "../../pkg\n",
		"examples/consumer/go.mod":            "module other.example/consumer\n\n" + require + "../../pkg\n",
		"examples/consumer/testdata/x/go.txt": "old.example/saga/pkg v0.0.0-00010101000000-000000000000\n",
	} {
		write(t, root, name, text)
	}
	mustGit(t, root, "init", "--quiet")
	commit(t, root)
	for _, tag := range tags {
		mustGit(t, root, "tag", tag)
	}
	for name, text := range files {
		write(t, root, name, text)
	}
	commit(t, root)
	return root
}

func write(t *testing.T, root, name, text string) {
	t.Helper()
	file := filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, root, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func mustGit(t *testing.T, root string, arguments ...string) string {
	t.Helper()
	out, err := repository.Git(t.Context(), root, arguments...)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func commit(t *testing.T, root string) {
	t.Helper()
	mustGit(t, root, "add", ".")
	mustGit(t, root, "-c", "user.name=Test", "-c", "user.email=test@old.example", "-c", "commit.gpgsign=false",
		"commit", "--quiet", "--allow-empty", "-m", "All")
}

func TestAReleaseSetsTheVersionsThatModulesRequireOfEachOther(t *testing.T) {
	root := newRepository(t, nil)
	if _, err := release(t.Context(), root, "v0.1.0", friday); err != nil {
		t.Fatal(err)
	}
	for _, module := range []string{"infra", "services/order", "examples/consumer"} {
		if got := read(t, root, module+"/go.mod"); !strings.Contains(got, "\nrequire old.example/saga/pkg v0.1.0 // Replaced.\n") {
			t.Errorf("%s/go.mod:\n%s", module, got)
		}
	}
	const want = "CHANGELOG.md\nexamples/consumer/go.mod\ninfra/go.mod\nservices/order/go.mod\n"
	if got := mustGit(t, root, "diff", "--name-only"); got != want {
		t.Errorf("these files are changed: %s", got)
	}
}

func TestTheChangelogHasTheVersionAboveItsEntries(t *testing.T) {
	for name, test := range map[string]struct {
		tags []string
		want string
	}{
		"first": {nil, "What is new is listed below.\n"},
		"break": {[]string{"pkg/v0.0.9"}, "What is new is listed below, down to v0.0.9.\n\n### What no longer compiles\n\n- `pkg/event.Event: removed`\n- `pkg/event.Other: removed`\n"},
	} {
		t.Run(name, func(t *testing.T) {
			root := newRepository(t, nil)
			write(t, root, "pkg/event/other.go", "package event\n\n// Other is another.\ntype Other struct{}\n")
			commit(t, root)
			for _, tag := range test.tags {
				mustGit(t, root, "tag", tag)
			}
			write(t, root, "pkg/event/other.go", "package event\n")
			write(t, root, "pkg/event/event.go", "package event\n")
			commit(t, root)
			if _, err := release(t.Context(), root, "v0.1.0", friday); err != nil {
				t.Fatal(err)
			}
			want := "# Changelog\n\nWhat changes.\n\n## v0.1.0, 2026-03-05\n\nThe modules pkg, infra, localcloud, [to import](docs/importing.md). " +
				test.want + "\n## 2026-03-04\n\n- A change.\n"
			if diff := cmp.Diff(want, read(t, root, changelog)); diff != "" {
				t.Errorf("the changelog (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheCommandsTagEveryModuleAtOneCommit(t *testing.T) {
	root := newRepository(t, nil)
	printed, err := release(t.Context(), root, "v0.1.0", friday)
	if err != nil {
		t.Fatal(err)
	}
	commit(t, root)
	mustGit(t, root, "init", "--quiet", "--bare", "origin.git")
	mustGit(t, root, "remote", "add", "origin", "origin.git")
	_, tagging, _ := strings.Cut(printed, "\nfor ")
	write(t, root, ".git/publish", "for "+tagging)
	mustGit(t, root, "-c", "user.name=Test", "-c", "user.email=test@old.example", "-c", "tag.gpgsign=false", "-c", "alias.publish=!sh .git/publish", "publish")
	head := strings.TrimSpace(mustGit(t, root, "rev-parse", "HEAD"))
	for _, tag := range []string{"pkg/v0.1.0", "infra/v0.1.0", "localcloud/v0.1.0"} {
		if got := strings.TrimSpace(mustGit(t, filepath.Join(root, "origin.git"), "rev-parse", tag+"^{commit}")); got != head {
			t.Errorf("%s is at %s, not %s", tag, got, head)
		}
	}
}

func TestAVersionThatIsNotNextIsRefused(t *testing.T) {
	root := newRepository(t, nil, "pkg/v0.1.0", "infra/v0.1.0", "localcloud/v0.2.0", "services/order/v9.0.0", "pkg/vendored")
	for _, version := range []string{"", "0.2.1", "v0.2", "v0.1.1", "v0.2.0", "v0.2.2", "v0.4.0", "v1.0.1", "v2.0.0", "v0.3.0-rc.1", "v0.3.0+x"} {
		if _, err := release(t.Context(), root, version, friday); err == nil {
			t.Errorf("%s is accepted", version)
		}
	}
	if _, err := release(t.Context(), newRepository(t, nil, "pkg/v1.9.0"), "v2.0.0", friday); err == nil || !strings.Contains(err.Error(), "/v2") {
		t.Errorf("v2.0.0 without another module path: %v", err)
	}
	if left := mustGit(t, root, "status", "--porcelain"); left != "" {
		t.Errorf("it has changed files: %s", left)
	}
}

func TestAVersionAnnouncesWhatHasChanged(t *testing.T) {
	for name, test := range map[string]struct {
		last, file, text string
		// want is the first of patch, minor and major that is accepted, or "" for none.
		want string
	}{
		"nothing":           {"v0.1.0", "README.md", "x", "v0.1.1"},
		"an addition":       {"v0.1.0", "pkg/event/encode.go", added, "v0.2.0"},
		"a break":           {"v0.1.0", "pkg/event/event.go", "package event\n", "v0.2.0"},
		"nothing in v1":     {"v1.1.0", "README.md", "x", "v1.1.1"},
		"an addition in v1": {"v1.1.0", "pkg/event/encode.go", added, "v1.2.0"},
		"a break in v1":     {"v1.1.0", "pkg/event/event.go", "package event\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			root := newRepository(t, map[string]string{test.file: test.text}, "pkg/"+test.last)
			all, err := next(test.last)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, version := range all {
				if _, err := release(t.Context(), root, version, friday); err == nil {
					got = version
					break
				}
			}
			if got != test.want {
				t.Errorf("the first accepted version is %q, want %q", got, test.want)
			}
		})
	}
}

func TestChangesThatAreNotCommittedAreNotReleased(t *testing.T) {
	root := newRepository(t, nil)
	write(t, root, "pkg/event/event.go", "package event\n")
	if _, err := release(context.Background(), root, "v0.1.0", friday); err == nil || !strings.Contains(err.Error(), "not committed") {
		t.Errorf("the error is %v", err)
	}
}

func TestV1MayBreakWhatV0Has(t *testing.T) {
	if err := checkChanges("v0.9.0", "v1.0.0", goapi.Changes{Breaking: []string{"x"}, Additions: []string{"y"}}); err != nil {
		t.Error(err)
	}
}
