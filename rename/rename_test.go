package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// schemas is the base of the schemas in the repositories of these tests.
const schemas = "https://example.com/saga/schema/"

// newRepository makes a repository with two modules and the given files, all
// committed.
func newRepository(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	all := map[string]string{
		"go.work":               "go 1.26.0\n\nuse (\n\t./pkg\n\t./services/order\n)\n",
		"pkg/go.mod":            "module example.com/saga/pkg\n",
		"services/order/go.mod": "module example.com/saga/services/order\n\nrequire example.com/saga/pkg v0.0.0\n\nreplace example.com/saga/pkg => ../../pkg\n",
		language:                "package contract\n\nconst schemaBase = \"" + schemas + "\"\n",
	}
	for name, text := range files {
		all[name] = text
	}
	for name, text := range all {
		write(t, root, name, text)
	}
	mustGit(t, root, "init", "--quiet")
	mustGit(t, root, "add", ".")
	mustGit(t, root, "-c", "user.name=Test", "-c", "user.email=test@example.com", "commit", "--quiet", "-m", "All")
	return root
}

func mustGit(t *testing.T, root string, arguments ...string) {
	t.Helper()
	if _, err := git(t.Context(), root, arguments...); err != nil {
		t.Fatal(err)
	}
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

func TestTheModulePathIsReplacedWhereverItIsWhole(t *testing.T) {
	for text, want := range map[string]string{
		`import "example.com/saga/pkg/event"`:            `import "github.com/acme/shop/pkg/event"`,
		"module example.com/saga\n":                      "module github.com/acme/shop\n",
		"The path is example.com/saga.":                  "The path is github.com/acme/shop.",
		"`example.com/saga`, (example.com/saga/infra)":   "`github.com/acme/shop`, (github.com/acme/shop/infra)",
		"https://example.com/saga/issues":                "https://github.com/acme/shop/issues",
		"https://example.com/saga/schema/order.placed/1": "https://example.com/saga/schema/order.placed/1",
		"www.example.com/saga, myexample.com/saga":       "www.example.com/saga, myexample.com/saga",
		"example.com/sagas example.com/saga.git":         "example.com/sagas example.com/saga.git",
		"example.com/saga-2 example.com/saga_2":          "example.com/saga-2 example.com/saga_2",
		"https://www.example.com/notifications":          "https://www.example.com/notifications",
		"":                                               "",
		"\x00\xffexample.com/saga\xff":                   "\x00\xffgithub.com/acme/shop\xff",
	} {
		if got := string(replace([]byte(text), "example.com/saga", "github.com/acme/shop", schemas, schemas)); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

func TestARepositoryIsRenamedAgainAndAgain(t *testing.T) {
	root := newRepository(t, map[string]string{"README.md": "`example.com/saga`, schemas under " + schemas + "\n"})
	commit := func() {
		mustGit(t, root, "-c", "user.name=Test", "-c", "user.email=test@example.com", "commit", "--quiet", "-a", "-m", "Renamed")
	}
	for _, step := range []struct{ to, schemas, readme string }{
		{"github.com/acme/shop", "", "`github.com/acme/shop`, schemas under " + schemas + "\n"},
		{"github.com/acme/shop/v2", "https://acme.com/", "`github.com/acme/shop/v2`, schemas under https://acme.com/\n"},
		{"example.com/saga", "", "`example.com/saga`, schemas under https://acme.com/\n"},
		{"example.com/saga", schemas, "`example.com/saga`, schemas under " + schemas + "\n"},
	} {
		if _, err := rename(t.Context(), root, step.to, step.schemas); err != nil {
			t.Fatalf("to %s: %v", step.to, err)
		}
		if diff := cmp.Diff(step.readme, read(t, root, "README.md")); diff != "" {
			t.Errorf("renamed to %s (-want +got):\n%s", step.to, diff)
		}
		want := "module " + step.to + "/services/order\n\nrequire " + step.to + "/pkg v0.0.0\n\nreplace " + step.to + "/pkg => ../../pkg\n"
		if diff := cmp.Diff(want, read(t, root, "services/order/go.mod")); diff != "" {
			t.Errorf("renamed to %s (-want +got):\n%s", step.to, diff)
		}
		commit()
	}
}

func TestRenamingToTheSamePathChangesNothing(t *testing.T) {
	root := newRepository(t, nil)
	write(t, root, "notes.txt", "not committed, and no hindrance: there is nothing to do")
	done, err := rename(t.Context(), root, "example.com/saga", "")
	if err != nil || !strings.Contains(done, "already") {
		t.Errorf("it says %q, %v", done, err)
	}
}

func TestOnlyWhatGitTracksIsRenamed(t *testing.T) {
	root := newRepository(t, map[string]string{".gitignore": "/dist/\n"})
	write(t, root, "dist/notes.txt", "example.com/saga")
	if _, err := rename(t.Context(), root, "github.com/acme/shop", ""); err != nil {
		t.Fatal(err)
	}
	if got := read(t, root, "dist/notes.txt"); got != "example.com/saga" {
		t.Errorf("an ignored file says %q", got)
	}
}

func TestWhatCannotBeRenamedIsRefusedInOneLineAndLeftAlone(t *testing.T) {
	for name, test := range map[string]struct {
		to, schemas string
		spoil       func(root string)
		reason      string
	}{
		"no domain":          {to: "shop", reason: `malformed module path "shop": missing dot in first path element`},
		"a space":            {to: "github.com/acme/my shop", reason: "invalid char ' '"},
		"a URL":              {to: "https://github.com/acme/shop", reason: "malformed module path"},
		"a slash at its end": {to: "github.com/acme/shop/", reason: "trailing slash"},
		"schemas without a slash at their end": {
			to: "github.com/acme/shop", schemas: "https://acme.com/schema", reason: "ends with a slash",
		},
		"schemas that are no URL": {to: "github.com/acme/shop", schemas: "acme/", reason: "https URL"},
		"work that is not committed": {
			to:     "github.com/acme/shop",
			spoil:  func(root string) { write(t, root, "notes.txt", "mine") },
			reason: "not committed",
		},
		"a module that is called otherwise": {
			to:     "github.com/acme/shop",
			spoil:  func(root string) { write(t, root, "pkg/go.mod", "module example.com/other/pkg\n") },
			reason: "services/order/go.mod: the module example.com/saga/services/order is not called after its folder, as the others are",
		},
		"no schemas": {
			to:     "github.com/acme/shop",
			spoil:  func(root string) { write(t, root, language, "package contract\n") },
			reason: "declares no schemaBase",
		},
	} {
		t.Run(name, func(t *testing.T) {
			root := newRepository(t, map[string]string{"README.md": "example.com/saga\n"})
			if test.spoil != nil {
				test.spoil(root)
			}
			_, err := rename(t.Context(), root, test.to, test.schemas)
			if err == nil || !strings.Contains(err.Error(), test.reason) || strings.Contains(err.Error(), "\n") {
				t.Errorf("the error is %v, want one line with %q", err, test.reason)
			}
			if got := read(t, root, "README.md"); got != "example.com/saga\n" {
				t.Errorf("it is changed: %s", got)
			}
		})
	}
}
