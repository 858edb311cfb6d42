package document

import (
	"bufio"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

const guide = "docs/adding-a-context.md"

// block is a fenced block of the guide.
type block struct {
	language string
	// file is the path above the block, if the block is a new file.
	file string
	text string
	line int
}

// newFile matches the line above a new file.
var newFile = regexp.MustCompile("^`([^`]+)`, new:$")

// blocks returns the fenced blocks of a document.
func blocks(t *testing.T, document string) []block {
	t.Helper()
	var all []block
	var current *block
	file, n := "", 0
	for lines := bufio.NewScanner(strings.NewReader(document)); lines.Scan(); {
		n++
		line := lines.Text()
		language, isFence := strings.CutPrefix(line, "```")
		switch {
		case isFence && current == nil:
			current = &block{language: language, file: file, line: n}
		case isFence:
			all = append(all, *current)
			current, file = nil, ""
		case current != nil:
			current.text += line + "\n"
		case line != "":
			file = ""
			if named := newFile.FindStringSubmatch(line); named != nil {
				file = named[1]
			}
		}
	}
	if current != nil {
		t.Fatalf("the block of line %d has no end", current.line)
	}
	return all
}

// change is a place in a file, before and after.
type change struct{ file, before, after string }

// changes returns the changes of a block.
func (b block) changes(t *testing.T) []change {
	t.Helper()
	var all []change
	var file string
	for i, line := range strings.Split(strings.TrimSuffix(b.text, "\n"), "\n") {
		named, isFile := strings.CutPrefix(line, "--- ")
		if isFile {
			file = named
		}
		if isFile || line == "@@" {
			all = append(all, change{file: file})
			continue
		}
		if file == "" || line == "" || !strings.ContainsRune(" -+", rune(line[0])) {
			t.Fatalf("line %d: %q is no line of a change", b.line+i+1, line)
		}
		c := &all[len(all)-1]
		if line[0] != '+' {
			c.before += line[1:] + "\n"
		}
		if line[0] != '-' {
			c.after += line[1:] + "\n"
		}
	}
	return all
}

// follow applies a block.
func (d tree) follow(t *testing.T, b block) {
	t.Helper()
	switch {
	case b.language == "diff":
		for _, c := range b.changes(t) {
			d.change(t, c)
		}
	case b.language == "sh":
		d.execute(t, b)
	case b.file != "":
		if _, err := os.Stat(d.path(b.file)); !os.IsNotExist(err) {
			t.Fatalf("%s is not new: %v", b.file, err)
		}
		d.write(t, b.file, b.text)
	case b.language != "":
		t.Fatalf("%s, line %d: it is unknown how to apply a block of %s", guide, b.line, b.language)
	}
}

// execute runs the commands of a block. Without GUIDE_TESTS it leaves to make guide what takes
// long: the programs on the local cloud, and the CDK's rules for templates.
func (d tree) execute(t *testing.T, b block) {
	t.Helper()
	whole := os.Getenv("GUIDE_TESTS") != ""
	if !whole && strings.HasPrefix(b.text, "make host ") {
		t.Logf("make guide alone runs\n%s", b.text)
		return
	}
	variables := []string{"SEEDS=50"}
	if !whole {
		variables = append(variables, "CDK_VALIDATION=false")
	}
	for command := range strings.Lines(b.text) {
		if !whole {
			command = strings.ReplaceAll(command, "go test ", "go test -short ")
		}
		began := time.Now()
		d.run(t, variables, "sh", "-ec", command)
		t.Logf("%4.1f s  %s", time.Since(began).Seconds(), strings.TrimSpace(command))
	}
}

// change replaces the one place in a file that has the text before the change, in whole
// lines.
func (d tree) change(t *testing.T, c change) {
	t.Helper()
	text := "\n" + d.read(t, c.file)
	d.mustHave(t, c)
	d.write(t, c.file, strings.Replace(text, "\n"+c.before, "\n"+c.after, 1)[1:])
}

// mustHave fails the test unless the text before a change is in the file once, in
// whole lines.
func (d tree) mustHave(t *testing.T, c change) {
	t.Helper()
	if n := strings.Count("\n"+d.read(t, c.file), "\n"+c.before); c.before == "" || n != 1 {
		t.Fatalf("%s has this place %d times, not once:\n%s", c.file, n, c.before)
	}
}

// files returns the files that the blocks change or add.
func files(t *testing.T, blocks []block) []string {
	t.Helper()
	var all []string
	for _, b := range blocks {
		if b.file != "" {
			all = append(all, b.file)
		}
		if b.language == "diff" {
			for _, c := range b.changes(t) {
				all = append(all, c.file)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// What follows from the declaration of the events is generated, and not in the guide.
func TestTheGuideChangesAndAddsAtMost20Files(t *testing.T) {
	const most = 20
	if all := files(t, blocks(t, tree(root).read(t, guide))); len(all) == 0 || len(all) > most {
		t.Errorf("the guide changes and adds %d files, at most %d are allowed:\n%s", len(all), most, strings.Join(all, "\n"))
	}
}

// This is fast, unlike following the guide.
func TestEveryPlaceThatTheGuideChangesExistsOnce(t *testing.T) {
	for _, b := range blocks(t, tree(root).read(t, guide)) {
		if b.language == "diff" {
			for _, c := range b.changes(t) {
				tree(root).mustHave(t, c)
			}
		}
	}
}

func TestFollowingTheGuideAddsAContext(t *testing.T) {
	copied := copyTree(t)
	copied.linkNodeModules(t)
	steps := blocks(t, copied.read(t, guide))
	if len(steps) == 0 {
		t.Fatal("the guide has no steps")
	}
	for _, step := range steps {
		copied.follow(t, step)
	}
	if unformatted := copied.run(t, nil, "gofmt", "-l", "acceptance", "infra", "operator", "pkg", "services"); unformatted != "" {
		t.Errorf("not formatted:\n%s", unformatted)
	}
	copied.run(t, nil, "go", "vet", "work")
	if os.Getenv("GUIDE_TESTS") != "" {
		// The copy has no history to build the previous release from. Then its test is skipped,
		// and on GitHub it would fail.
		copied.run(t, []string{"GITHUB_ACTIONS="}, "make", "test")
	}
}
