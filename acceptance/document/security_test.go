package document

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	claims   = regexp.MustCompile(`(?s)\| who might \| what stops them \| shown by \|\n\|[-|]+\|\n(.*?)\n\n`)
	testFunc = regexp.MustCompile(`(?m)^func (Test|Fuzz)[A-Z]`)
)

func TestEveryClaimOfTheThreatModelIsShownByATestThatRuns(t *testing.T) {
	found := claims.FindStringSubmatch(read(t, "SECURITY.md"))
	if found == nil {
		t.Fatal("SECURITY.md has no table of claims")
	}
	packages := make(map[string]bool)
	for dir := range strings.Lines(tree(root).run(t, nil, "go", "list", "-f", "{{.Dir}}", "work")) {
		packages[strings.TrimSpace(dir)] = true
	}
	absolute, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	for claim := range strings.Lines(found[1]) {
		shown := 0
		for _, linked := range link.FindAllStringSubmatch(claim, -1) {
			path := linked[1]
			if !strings.HasSuffix(path, "_test.go") {
				continue
			}
			shown++
			if !testFunc.MatchString(read(t, path)) {
				t.Errorf("%s has no test", path)
			}
			if !packages[filepath.Dir(filepath.Join(absolute, path))] {
				t.Errorf("%s is in no package of the workspace, so that make test does not run it", path)
			}
		}
		if shown == 0 {
			t.Errorf("no test shows this claim:\n%s", claim)
		}
	}
}
