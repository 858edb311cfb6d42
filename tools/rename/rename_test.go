package main

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/tools/internal/repository"
)

// schemas is the base of the schemas in the repositories of these tests.
const schemas = "https://old.example/saga/schema/"

// newRepository returns the folder of a repository with two modules and the given files,
// all committed.
func newRepository(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	all := map[string]string{
		"go.work":               "go 1.26.0\n\nuse (\n\t./pkg\n\t./services/order\n)\n",
		"pkg/go.mod":            "module old.example/saga/pkg\n",
		"services/order/go.mod": "module old.example/saga/services/order\n\nrequire old.example/saga/pkg v0.0.0\n\nreplace old.example/saga/pkg => ../../pkg\n",
		language:                "package contract\n\nvar catalogue = language.Catalogue{SchemaBase: \"" + schemas + "\"}\n",
	}
	maps.Copy(all, files)
	for name, text := range all {
		write(t, root, name, text)
	}
	mustGit(t, root, "init", "--quiet")
	mustGit(t, root, "add", ".")
	mustGit(t, root, "-c", "user.name=Test", "-c", "user.email=test@old.example", "commit", "--quiet", "-m", "All")
	return root
}

func mustGit(t *testing.T, root string, arguments ...string) {
	t.Helper()
	if _, err := repository.Git(t.Context(), root, arguments...); err != nil {
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
		`import "old.example/saga/pkg/event"`:            `import "new.example/shop/pkg/event"`,
		"module old.example/saga\n":                      "module new.example/shop\n",
		"The path is old.example/saga.":                  "The path is new.example/shop.",
		"`old.example/saga`, (old.example/saga/infra)":   "`new.example/shop`, (new.example/shop/infra)",
		"https://old.example/saga/issues":                "https://new.example/shop/issues",
		"https://old.example/saga/schema/order.placed/1": "https://old.example/saga/schema/order.placed/1",
		"www.old.example/saga, myold.example/saga":       "www.old.example/saga, myold.example/saga",
		"old.example/sagas old.example/saga.git":         "old.example/sagas old.example/saga.git",
		"old.example/saga-2 old.example/saga_2":          "old.example/saga-2 old.example/saga_2",
		"":                                               "",
		"\x00\xffold.example/saga\xff":                   "\x00\xffnew.example/shop\xff",
	} {
		if got := string(replace([]byte(text), "old.example/saga", "new.example/shop", schemas, schemas)); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

func TestARepositoryCanBeRenamedRepeatedly(t *testing.T) {
	root := newRepository(t, map[string]string{"README.md": "`old.example/saga`, schemas under " + schemas + "\n"})
	commit := func() {
		mustGit(t, root, "-c", "user.name=Test", "-c", "user.email=test@old.example", "commit", "--quiet", "-a", "-m", "Renamed")
	}
	for _, step := range []struct{ to, schemas, readme string }{
		{"new.example/shop", "", "`new.example/shop`, schemas under " + schemas + "\n"},
		{"new.example/shop/v2", "https://acme.com/", "`new.example/shop/v2`, schemas under https://acme.com/\n"},
		{"old.example/saga", "", "`old.example/saga`, schemas under https://acme.com/\n"},
		{"old.example/saga", schemas, "`old.example/saga`, schemas under " + schemas + "\n"},
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
	write(t, root, "notes.txt", "not committed, which does not matter: there is nothing to rename")
	done, err := rename(t.Context(), root, "old.example/saga", "")
	if err != nil || !strings.Contains(done, "already") {
		t.Errorf("the message is %q, %v", done, err)
	}
}

func TestOnlyFilesThatGitTracksAreRenamed(t *testing.T) {
	root := newRepository(t, map[string]string{".gitignore": "/dist/\n"})
	write(t, root, "dist/notes.txt", "old.example/saga")
	if _, err := rename(t.Context(), root, "new.example/shop", ""); err != nil {
		t.Fatal(err)
	}
	if got := read(t, root, "dist/notes.txt"); got != "old.example/saga" {
		t.Errorf("an ignored file has %q", got)
	}
}

func TestAnInvalidRenamingIsRejectedInOneLineAndChangesNothing(t *testing.T) {
	for name, test := range map[string]struct {
		to, schemas string
		prepare     func(root string)
		reason      string
	}{
		"no domain":          {to: "shop", reason: `malformed module path "shop": missing dot in first path element`},
		"a space":            {to: "github.com/acme/my shop", reason: "invalid char ' '"},
		"a URL":              {to: "https://new.example/shop", reason: "malformed module path"},
		"a slash at its end": {to: "new.example/shop/", reason: "trailing slash"},
		"schemas without a slash at their end": {
			to: "new.example/shop", schemas: "https://acme.com/schema", reason: "ends with a slash",
		},
		"schemas that are no URL": {to: "new.example/shop", schemas: "acme/", reason: "https URL"},
		"work that is not committed": {
			to:      "new.example/shop",
			prepare: func(root string) { write(t, root, "notes.txt", "mine") },
			reason:  "not committed",
		},
		"a module that is not named after its folder": {
			to:      "new.example/shop",
			prepare: func(root string) { write(t, root, "pkg/go.mod", "module old.example/other/pkg\n") },
			reason:  "services/order/go.mod: the module old.example/saga/services/order is not named after its folder, as the others are",
		},
		"no schemas": {
			to:      "new.example/shop",
			prepare: func(root string) { write(t, root, language, "package contract\n") },
			reason:  "has no SchemaBase",
		},
	} {
		t.Run(name, func(t *testing.T) {
			root := newRepository(t, map[string]string{"README.md": "old.example/saga\n"})
			if test.prepare != nil {
				test.prepare(root)
			}
			_, err := rename(t.Context(), root, test.to, test.schemas)
			if err == nil || !strings.Contains(err.Error(), test.reason) || strings.Contains(err.Error(), "\n") {
				t.Errorf("the error is %v, want one line with %q", err, test.reason)
			}
			if got := read(t, root, "README.md"); got != "old.example/saga\n" {
				t.Errorf("it is changed: %s", got)
			}
		})
	}
}
