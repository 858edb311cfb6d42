package goapi_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/tools/internal/goapi"
	"example.com/saga/tools/internal/repository"
)

// release has two libraries, of which infra imports pkg.
func release() map[string]string {
	return map[string]string{
		"pkg/go.mod":                          "module old.example/saga/pkg\n\ngo 1.26.0\n",
		"pkg/event/event.go":                  "package event\n\n// Event is an event.\ntype Event struct{ ID string }\n\n// Parse parses.\nfunc Parse(string) Event { return Event{} }\n",
		"pkg/till/till.go":                    "package till\n",
		"pkg/contract/contract.go":            "package contract\n\n// Placed is of the saga.\ntype Placed struct{}\n",
		"pkg/internal/safely/safely.go":       "package safely\n\n// Call calls.\nfunc Call() {}\n",
		"infra/go.mod":                        "module old.example/saga/infra\n\ngo 1.26.0\n\nrequire old.example/saga/pkg v0.0.0\n\nreplace old.example/saga/pkg => ../pkg\n",
		"infra/main.go":                       "package main\n\nfunc main() {}\n",
		"infra/boundedcontext/context.go":     "package boundedcontext\n\nimport \"old.example/saga/pkg/event\"\n\n// Check checks.\nfunc Check(event.Event) error { return nil }\n",
		"infra/environment/environment.go":    "package environment\n\n// Account is the account of the saga.\nconst Account = \"1\"\n",
		"infra/resource/internal/arn/name.go": "package arn\n\n// Name is a name.\nconst Name = \"1\"\n",
	}
}

// edit commits the release, and edits files in the working tree. It returns the folder.
func edit(t *testing.T, edited map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	write(t, folder, release())
	for _, arguments := range [][]string{
		{"init", "-q"},
		{"add", "."},
		{"-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false", "commit", "-q", "-m", "x"},
	} {
		if _, err := repository.Git(t.Context(), folder, arguments...); err != nil {
			t.Fatal(err)
		}
	}
	write(t, folder, edited)
	return folder
}

// write writes files, and removes those without a text.
func write(t *testing.T, folder string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		file := filepath.Join(folder, name)
		if text == "" {
			if err := os.RemoveAll(filepath.Dir(file)); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheAPIOfTheLibrariesIsCompared(t *testing.T) {
	for name, test := range map[string]struct {
		edited map[string]string
		want   goapi.Changes
	}{
		"nothing": {nil, goapi.Changes{}},
		"a removed function": {
			map[string]string{"pkg/event/event.go": "package event\n\n// Event is an event.\ntype Event struct{ ID string }\n"},
			goapi.Changes{Breaking: []string{"pkg/event.Parse: removed"}},
		},
		"a new function": {
			map[string]string{"pkg/event/encode.go": "package event\n\n// Encode encodes.\nfunc Encode(Event) string { return \"\" }\n"},
			goapi.Changes{Additions: []string{"pkg/event.Encode: added"}},
		},
		"a removed package": {map[string]string{"pkg/till/till.go": ""}, goapi.Changes{Breaking: []string{"package pkg/till: removed"}}},
		"a type of the other library": {
			map[string]string{"infra/boundedcontext/context.go": "package boundedcontext\n\nimport \"old.example/saga/pkg/event\"\n\n// Check checks.\nfunc Check(*event.Event) error { return nil }\n"},
			goapi.Changes{Breaking: []string{"infra/boundedcontext.Check: changed from func(pkg/event.Event) error to func(*pkg/event.Event) error"}},
		},
		"what is no library": {
			map[string]string{
				"pkg/contract/contract.go": "package contract\n", "pkg/internal/safely/safely.go": "package safely\n",
				"infra/environment/environment.go": "package environment\n", "infra/resource/internal/arn/name.go": "package arn\n",
			},
			goapi.Changes{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := goapi.Compare(t.Context(), edit(t, test.edited), "HEAD")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("the changes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestALibraryThatCannotBeComparedIsAnError(t *testing.T) {
	for name, test := range map[string]struct {
		edited map[string]string
		ref    string
	}{
		"no such release":     {nil, "no-such-tag"},
		"an option":           {nil, "--help"},
		"it does not compile": {map[string]string{"pkg/event/event.go": "package event\n\nvar Event = missing\n"}, "HEAD"},
		"no package":          {map[string]string{"pkg/go.mod": ""}, "HEAD"},
	} {
		if changes, err := goapi.Compare(t.Context(), edit(t, test.edited), test.ref); err == nil {
			t.Errorf("%s: no error, but %+v", name, changes)
		}
	}
}
