package document

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	fence   = regexp.MustCompile("(?ms)^ *```.*?^ *```$")
	code    = regexp.MustCompile("(?s)```.*?```|`[^`]+`")
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
	// unlinked matches what GitHub removes from a heading to make its anchor.
	unlinked = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	made     = regexp.MustCompile(`\bmake\s+(?:-s )?([a-z][a-z_-]*)`)
	target   = regexp.MustCompile(`(?m)^([a-z_-]+):`)
)

// documents returns the text of every document of the repository, by its path.
func documents(t *testing.T) map[string]string {
	t.Helper()
	all := make(map[string]string)
	for name := range strings.Lines(tree(root).run(t, nil, "git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md")) {
		name = strings.TrimSpace(name)
		all[name] = read(t, name)
	}
	if len(all) == 0 {
		t.Fatal("there are no documents")
	}
	return all
}

// anchors returns the anchors that GitHub makes of the headings of a document.
func anchors(document string) map[string]bool {
	all := make(map[string]bool)
	for _, found := range heading.FindAllStringSubmatch(fence.ReplaceAllString(document, ""), -1) {
		all[strings.ReplaceAll(unlinked.ReplaceAllString(strings.ToLower(found[1]), ""), " ", "-")] = true
	}
	return all
}

func TestEveryLinkInTheDocumentsHasATarget(t *testing.T) {
	all := documents(t)
	for name, document := range all {
		for _, found := range link.FindAllStringSubmatch(document, -1) {
			if strings.Contains(found[1], "://") {
				continue
			}
			path, anchor, _ := strings.Cut(found[1], "#")
			linked := name
			if path != "" {
				linked = filepath.Join(filepath.Dir(name), path)
			}
			if _, err := os.Stat(filepath.Join(root, linked)); err != nil {
				t.Errorf("%s links to %s: %v", name, found[1], err)
			} else if anchor != "" && !anchors(all[linked])[anchor] {
				t.Errorf("%s links to %s: there is no such heading", name, found[1])
			}
		}
	}
}

func TestEveryMakeCommandInTheDocumentsIsATarget(t *testing.T) {
	targets := make(map[string]bool)
	for _, found := range target.FindAllStringSubmatch(read(t, "Makefile"), -1) {
		targets[found[1]] = true
	}
	for name, document := range documents(t) {
		for _, found := range made.FindAllStringSubmatch(strings.Join(code.FindAllString(document, -1), "\n"), -1) {
			if !targets[found[1]] {
				t.Errorf("%s has the command make %s, which is no target", name, found[1])
			}
		}
	}
}
