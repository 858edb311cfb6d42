package document

import (
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var (
	used   = regexp.MustCompile(`(?m)^\s*(?:- )?uses:\s*(\S+)`)
	pinned = regexp.MustCompile(`@[0-9a-f]{40}$`)
)

// Modules need no test: a build fails if a module differs from its sum in go.sum.
func TestEveryPackageAndEveryActionIsPinnedToItsContent(t *testing.T) {
	for _, path := range []string{"package-lock.json", "tools/asyncapi/package-lock.json"} {
		var lock struct {
			Packages map[string]struct {
				Integrity string `json:"integrity"`
			} `json:"packages"`
		}
		if err := json.Unmarshal([]byte(read(t, path)), &lock); err != nil {
			t.Fatal(err)
		}
		for name, locked := range lock.Packages {
			if name != "" && !strings.HasPrefix(locked.Integrity, "sha512-") {
				t.Errorf("%s has no checksum of %s", path, name)
			}
		}
		if len(lock.Packages) < 2 {
			t.Errorf("%s has %d packages", path, len(lock.Packages))
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
	if actions == 0 {
		t.Error("no action was looked at")
	}
}

// otherVersions returns the modules of a program whose version is not the one that its own
// module requires. The required versions are by module path.
func otherVersions(built []*debug.Module, required map[string]string) []string {
	var all []string
	for _, dependency := range built {
		if want := required[dependency.Path]; dependency.Version != want {
			all = append(all, fmt.Sprintf("%s %s, and its module requires %q", dependency.Path, dependency.Version, want))
		}
	}
	return all
}

func TestAnotherVersionThanTheModuleRequiresIsFound(t *testing.T) {
	built := []*debug.Module{{Path: "a.example/same", Version: "v1.2.0"}, {Path: "a.example/raised", Version: "v0.42.0"}, {Path: "a.example/added", Version: "v1.0.0"}}
	required := map[string]string{"a.example/same": "v1.2.0", "a.example/raised": "v0.14.0", "a.example/unused": "v1.0.0"}
	want := []string{`a.example/raised v0.42.0, and its module requires "v0.14.0"`, `a.example/added v1.0.0, and its module requires ""`}
	if diff := cmp.Diff(want, otherVersions(built, required)); diff != "" {
		t.Errorf("other versions (-want +got):\n%s", diff)
	}
}

// In the workspace Go selects the highest version that any of its modules requires: a
// service would ship a version that its own go.mod does not name.
func TestEveryFunctionIsBuiltFromTheVersionsThatItsModuleRequires(t *testing.T) {
	modules, err := filepath.Glob(filepath.Join(root, "services/*/go.mod"))
	if err != nil || len(modules) == 0 {
		t.Fatalf("the services are %v, %v", modules, err)
	}
	for _, module := range modules {
		service := filepath.Dir(module)
		required := make(map[string]string)
		for line := range strings.Lines(tree(service).run(t, []string{"GOWORK=off"}, "go", "list", "-m", "-f", "{{.Path}} {{.Version}}", "all")) {
			path, version, _ := strings.Cut(strings.TrimSpace(line), " ")
			required[path] = version
		}
		functions, err := filepath.Glob(filepath.Join(root, "dist/local", filepath.Base(service), "*/bootstrap"))
		if err != nil || len(functions) == 0 {
			t.Fatalf("the functions of %s (make host builds them) are %v, %v", service, functions, err)
		}
		for _, function := range functions {
			info, err := buildinfo.ReadFile(function)
			if err != nil {
				t.Fatal(err)
			}
			if len(info.Deps) == 0 {
				t.Errorf("%s names none of its modules", function)
			}
			for _, other := range otherVersions(info.Deps, required) {
				t.Errorf("%s is built from %s", function, other)
			}
		}
	}
}
