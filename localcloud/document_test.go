package main

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/localcloud/activity"
	"example.com/saga/localcloud/cloud"
	"example.com/saga/localcloud/fault"
	"example.com/saga/localcloud/support"
	"example.com/saga/localcloud/unsupported"
)

var update = flag.Bool("update", false, "write what is generated into README.md")

const readme = "README.md"

func readReadme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// generated puts a text into the place for it in a document.
func generated(t *testing.T, document, name, text string) string {
	t.Helper()
	begin, end := "<!-- "+name+", generated -->\n", "<!-- end of "+name+" -->"
	before, rest, begins := strings.Cut(document, begin)
	_, after, ends := strings.Cut(rest, end)
	if !begins || !ends {
		t.Fatalf("%s has no place for %s", readme, name)
	}
	return before + begin + "\n" + text + "\n" + end + after
}

func TestTheGeneratedListsInTheReadmeAreThoseOfTheCode(t *testing.T) {
	var help bytes.Buffer
	if _, err := parse([]string{"-h"}, &help); !errors.Is(err, flag.ErrHelp) {
		t.Fatal(err)
	}
	written := readReadme(t)
	document := generated(t, written, "flags", "```\n"+strings.ReplaceAll(help.String(), "\t", "    ")+"```\n")
	document = generated(t, document, "supported", support.Document())
	if *update {
		if err := os.WriteFile(readme, []byte(document), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(written, document); diff != "" {
		t.Errorf("%s does not list what the code does; make golden writes it (-readme +code):\n%s", readme, diff)
	}
}

func TestSupportedPrintsTheReadmesSection(t *testing.T) {
	got := runProgram(t, "supported")
	if got.code != 0 || got.stderr != "" || !strings.Contains(readReadme(t), got.stdout) {
		t.Errorf("the program ends with %d %s and prints what the README does not have:\n%s", got.code, got.stderr, got.stdout)
	}
}

func TestARefusalPointsToTheReadmesSection(t *testing.T) {
	path, anchor, _ := strings.Cut(unsupported.Reference, "#")
	heading := "\n## " + strings.ToUpper(anchor[:1]) + strings.ReplaceAll(anchor[1:], "-", " ") + "\n"
	if path != "localcloud/"+readme || !strings.Contains(readReadme(t), heading) {
		t.Errorf("%s is not a section of %s", unsupported.Reference, readme)
	}
	dir := t.TempDir()
	for name, content := range map[string]string{
		"manifest.json":      `{"artifacts": {"shop": {"type": "aws:cloudformation:stack", "properties": {"templateFile": "shop.template.json"}}}}`,
		"shop.template.json": `{"Resources": {"Bucket": {"Type": "AWS::S3::Bucket"}}}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got := runProgram(t, "up", "--assembly", dir)
	want := "localcloud: resource Bucket (AWS::S3::Bucket): the resource type is not supported by the local cloud\n" +
		"localcloud: what is supported is listed in " + unsupported.Reference + ", and by: localcloud supported\n"
	if got != (result{1, "", want}) {
		t.Errorf("the program ends with %+v, want %s", got, want)
	}
}

func TestEveryCommandInTheReadmeHasFlagsThatExist(t *testing.T) {
	commands := regexp.MustCompile(`(?m)^ *(?:dist/local/)?localcloud up (.*)$`).FindAllStringSubmatch(readReadme(t), -1)
	if len(commands) == 0 {
		t.Fatal("there are no commands")
	}
	for _, command := range commands {
		if _, err := parse(strings.Fields(command[1]), new(bytes.Buffer)); err != nil {
			t.Errorf("localcloud up %s: %v", command[1], err)
		}
	}
}

// rows returns what the first cells of the table below a heading have in code.
func rows(t *testing.T, heading string) []string {
	t.Helper()
	_, section, found := strings.Cut(readReadme(t), "\n"+heading+"\n")
	if !found {
		t.Fatalf("%s has no heading %s", readme, heading)
	}
	_, table, _ := strings.Cut(section, "|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	var all []string
	for line := range strings.Lines(table) {
		cell, _, _ := strings.Cut(strings.TrimPrefix(line, "|"), "|")
		for _, code := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cell, -1) {
			all = append(all, code[1])
		}
	}
	slices.Sort(all)
	return all
}

func TestTheReadmeExplainsEveryFault(t *testing.T) {
	var want []string
	for _, name := range fault.Names() {
		want = append(want, string(name))
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, rows(t, "## Faults")); diff != "" {
		t.Errorf("the README explains other faults (-code +readme):\n%s", diff)
	}
}

func TestTheReadmeExplainsEveryFieldOfTheReadyFile(t *testing.T) {
	var want []string
	for _, field := range reflect.VisibleFields(reflect.TypeFor[cloud.Description]()) {
		if field.Anonymous {
			continue
		}
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		want = append(want, name)
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, rows(t, "### The ready file")); diff != "" {
		t.Errorf("the README explains other fields (-code +readme):\n%s", diff)
	}
}

func TestTheReadmeHasAllKindsOfWhatHappens(t *testing.T) {
	var kinds []string
	for _, kind := range activity.Kinds() {
		kinds = append(kinds, string(kind))
	}
	slices.Sort(kinds)
	if diff := cmp.Diff(kinds, rows(t, "### What happens")); diff != "" {
		t.Errorf("the table of events differs (-code +%s):\n%s", readme, diff)
	}
}
