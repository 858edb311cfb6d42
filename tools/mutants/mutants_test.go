package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const guarded = `package guarded

import "errors"

type order struct {
	lines []int
	total int
}

var errNone = errors.New("none")

func place(lines []int, limit int, isOpen bool) (order, error) {
	o := order{lines: lines}
	for _, line := range lines {
		o.total += line
	}
	if o.total > limit && limit > 0 || !isOpen {
		return order{}, errNone
	}
	return o, nil
}

func steps() []string { return []string{"reserve", "pay"} }

func half(n int) int { return n / 2 }

func isFlag(v any) bool {
	switch v.(type) {
	case bool:
		return true
	}
	return false
}
`

// write writes a repository with a guarded package and its tests, and enters it.
func write(t *testing.T, tests string) {
	t.Helper()
	switched, err := os.ReadFile("mutant/mutant.go")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	t.Setenv("GOWORK", "off")
	t.Setenv("GOFLAGS", "")
	for name, text := range map[string]string{
		"go.mod": "module example.com/saga\n\ngo 1.26.0\n", switchFile: string(switched),
		"pkg/guarded/guarded.go": guarded, "pkg/guarded/guarded_test.go": "package guarded\n\nimport \"testing\"\n" + tests,
	} {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// survivors returns the keys of the mutants that survive and of all, without the package.
func survivors(t *testing.T) (survivors, all []string) {
	t.Helper()
	survives, err := try(t.Context(), target{dir: "pkg/guarded"})
	if err != nil {
		t.Fatal(err)
	}
	for m, survived := range survives {
		key := strings.TrimPrefix(m.key, "pkg/guarded ")
		all = append(all, key)
		if survived {
			survivors = append(survivors, key)
		}
	}
	slices.Sort(survivors)
	slices.Sort(all)
	return survivors, all
}

func TestEveryMutantSurvivesTestsThatCheckNothing(t *testing.T) {
	write(t, `
func TestNothing(t *testing.T) {
	_, _ = place([]int{1, 2}, 3, true)
	_, _ = place([]int{1, 2}, 2, false)
	steps()
	half(1)
	isFlag(true)
}
`)
	got, all := survivors(t)
	if diff := cmp.Diff(all, got); diff != "" {
		t.Errorf("killed are (-):\n%s", diff)
	}
	want := []string{
		`half | n / 2: / → *`,
		`half | return n / 2 → its zero value`,
		`isFlag | return true → its zero value`,
		`place | !isOpen → false`,
		`place | field lines: lines → its zero value`,
		`place | limit > 0 → true`,
		`place | limit > 0: > → >=`,
		`place | o.total += line → dropped`,
		`place | o.total > limit && limit > 0 || !isOpen → false`,
		`place | o.total > limit && limit > 0 || !isOpen → true`,
		`place | o.total > limit && limit > 0 → false`,
		`place | o.total > limit → true`,
		`place | o.total > limit: > → >=`,
		`place | return errNone → its zero value`,
		`place | return o → its zero value`,
		`place | the loop over lines → does not run`,
		`place | the loop over lines → runs once`,
		`steps | element "pay" → dropped`,
		`steps | element "reserve" → dropped`,
		`steps | return []string{"reserve", "pay"} → its zero value`,
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, all); diff != "" {
		t.Errorf("mutants (-want +got):\n%s", diff)
	}
}

func TestAMutantIsKilledByATestThatFails(t *testing.T) {
	write(t, `
func TestPlace(t *testing.T) {
	o, err := place([]int{1, 2}, 3, true)
	if err != nil || o.total != 3 || len(o.lines) != 2 {
		t.Error(o, err)
	}
	if _, err := place([]int{4}, 3, true); err == nil {
		t.Error("no error")
	}
	if _, err := place(nil, 3, false); err == nil {
		t.Error("no error")
	}
}

func TestSteps(t *testing.T) {
	if s := steps(); len(s) != 2 || s[0] != "reserve" {
		t.Error(s)
	}
}
`)
	got, _ := survivors(t)
	want := []string{
		`half | n / 2: / → *`,
		`half | return n / 2 → its zero value`,
		`isFlag | return true → its zero value`,
		`place | limit > 0 → true`,
		`place | limit > 0: > → >=`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("survivors (-want +got):\n%s", diff)
	}
}

func TestTestsThatFailWithoutAMutantAreAnError(t *testing.T) {
	write(t, "\nfunc TestBroken(t *testing.T) { t.Error(\"broken\") }\n")
	if _, err := try(t.Context(), target{dir: "pkg/guarded"}); err == nil || !strings.Contains(err.Error(), "fail without a mutant") {
		t.Errorf("the error is %v", err)
	}
}

func TestASurvivorIsAnErrorUnlessItIsListed(t *testing.T) {
	survivor, killed := mutant{id: 1, key: "pkg/guarded f | a → b"}, mutant{id: 2, key: "pkg/guarded f | c → d"}
	survives := map[mutant]bool{survivor: true, killed: false}
	for name, c := range map[string]struct {
		known  []string
		failed bool
	}{
		"an unknown survivor":                  {nil, true},
		"a survivor that is listed":            {[]string{survivor.key}, false},
		"a listed mutant that is killed":       {[]string{survivor.key, killed.key}, true},
		"a listed mutant that does not exist":  {[]string{survivor.key, "pkg/guarded g | a → b"}, true},
		"a listed mutant of another package":   {[]string{survivor.key, "pkg/guardedtoo g | a → b"}, false},
		"the survivor's change elsewhere only": {[]string{"pkg/guarded g | a → b"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			known := make(map[string]bool)
			for _, key := range c.known {
				known[key] = true
			}
			if _, got := report("pkg/guarded", survives, known); got != c.failed {
				t.Errorf("it fails: %t", got)
			}
		})
	}
}

func TestASurvivorCountsInTheScoreAndAnEquivalentMutantDoesNot(t *testing.T) {
	survives := map[mutant]bool{{id: 1, key: "pkg/guarded f | 1"}: true, {id: 2, key: "pkg/guarded f | 2"}: true, {id: 3, key: "pkg/guarded f | 3"}: false}
	text, failed := report("pkg/guarded", survives, map[string]bool{"pkg/guarded f | 2": true})
	if !failed || !strings.Contains(text, " 50.0 % of 2 mutants are killed, 1 more are equivalent") {
		t.Errorf("%t: %s", failed, text)
	}
}

func TestTheListOfEquivalentsHasAReasonForEachOfAGuardedPackage(t *testing.T) {
	known, err := readEquivalents("equivalent.txt")
	if err != nil {
		t.Fatal(err)
	}
	for key := range maps.Keys(known) {
		dir, _, _ := strings.Cut(key, " ")
		if !slices.ContainsFunc(targets(), func(t target) bool { return t.dir == dir }) {
			t.Errorf("%s is of no guarded package", key)
		}
	}
	name := filepath.Join(t.TempDir(), "list")
	if err := os.WriteFile(name, []byte("# a comment\npkg/event f | a → b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readEquivalents(name); err == nil || !strings.Contains(err.Error(), "has no reason") {
		t.Errorf("the error is %v", err)
	}
}

func TestAPackageThatIsNotGuardedIsAnError(t *testing.T) {
	if _, err := choose(t.Context(), "", []string{"pkg/unknown"}); err == nil {
		t.Error("there is no error")
	}
	if _, err := choose(t.Context(), "main", []string{"pkg/event"}); err == nil {
		t.Error("both a commit and packages choose")
	}
	chosen, err := choose(t.Context(), "", []string{"pkg/event"})
	if err != nil || len(chosen) != 1 || chosen[0].dir != "pkg/event" {
		t.Errorf("%v, %v", chosen, err)
	}
}
