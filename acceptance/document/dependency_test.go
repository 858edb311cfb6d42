package document

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	used   = regexp.MustCompile(`(?m)^\s*(?:- )?uses:\s*(\S+)`)
	pinned = regexp.MustCompile(`@[0-9a-f]{40}$`)
)

// Go checks the sums of its modules by itself: a build without them fails.
func TestEveryPackageAndEveryActionIsPinnedToItsContent(t *testing.T) {
	var lock struct {
		Packages map[string]struct {
			Integrity string `json:"integrity"`
		} `json:"packages"`
	}
	if err := json.Unmarshal([]byte(read(t, "package-lock.json")), &lock); err != nil {
		t.Fatal(err)
	}
	for name, locked := range lock.Packages {
		if name != "" && !strings.HasPrefix(locked.Integrity, "sha512-") {
			t.Errorf("package-lock.json has no checksum of %s", name)
		}
	}
	paths, err := filepath.Glob(filepath.Join(root, ".github/workflows/*.yml"))
	if err != nil {
		t.Fatal(err)
	}
	actions := 0
	for _, path := range paths {
		for _, found := range used.FindAllStringSubmatch(read(t, filepath.Join(".github/workflows", filepath.Base(path))), -1) {
			actions++
			if !strings.HasPrefix(found[1], "./") && !strings.HasPrefix(found[1], "$/") && !pinned.MatchString(found[1]) {
				t.Errorf("%s uses %s, which is not pinned to a commit", filepath.Base(path), found[1])
			}
		}
	}
	if len(lock.Packages) < 2 || actions == 0 {
		t.Errorf("%d packages and %d actions were looked at", len(lock.Packages), actions)
	}
}
