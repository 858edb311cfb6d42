// Mutants changes the source of the guarded packages in small ways, one at a time, and
// reports the changes that no test notices.
//
//	mutants [-since REF] [PACKAGE …]
//
// All mutants of a run are compiled into the test programs at once, and the environment
// chooses one. So a mutant costs the tests that reach it, and no build.
//
// The file tools/mutants/equivalent.txt names the mutants that change nothing that a test
// could see, each with the reason. A survivor that is not in it is an error, and so is a
// line that matches no mutant.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path"
	"slices"
	"strings"
)

// switchPath is the import path under which mutated source finds package mutant. It has
// to be in a module that every guarded package requires.
const switchPath = "example.com/saga/pkg/mutant"

// The files of package mutant, where mutated source finds it, and the list of equivalents.
const (
	switchFile  = "tools/mutants/mutant/mutant.go"
	switchPlace = "pkg/mutant/mutant.go"
	equivalents = "tools/mutants/equivalent.txt"
)

// target is a package whose mutants must not survive.
type target struct {
	dir string
	// guards are further tests that guard it, beside its own.
	guards []guard
}

// guard is some tests of another package.
type guard struct {
	dir, run string
	env      []string
}

func targets() []target {
	simulated := []guard{{
		dir: "acceptance/simulation", run: "^(TestEveryOrderEndsAndNoInvariantIsViolatedUnderAnyFault|TestEveryPath.*)$",
		env: []string{"SEED=1", "SEEDS=10"},
	}}
	stores := []guard{{dir: "pkg/memory", run: "."}}
	return []target{
		{dir: "services/order", guards: simulated},
		{dir: "services/warehouse", guards: simulated},
		{dir: "services/payment", guards: simulated},
		{dir: "services/loyalty", guards: simulated},
		{dir: "pkg/participant", guards: stores},
		{dir: "operator/audit"},
		{dir: "pkg/dynamo"},
		{dir: "pkg/event"},
		{dir: "pkg/eventbridge"},
		{dir: "pkg/worker"},
		{dir: "pkg/sweeper"},
		{dir: "pkg/contract"},
		{dir: "pkg/language", guards: []guard{{dir: "pkg/contract", run: "."}}},
		{dir: "pkg/idempotency"},
		{dir: "pkg/httpcommand", guards: []guard{{dir: "services/order/httpapi", run: "^Test"}}},
		{dir: "services/order/httpapi"},
	}
}

func main() {
	since := flag.String("since", "", "only the packages that have changed since the last common commit with this one")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *since, flag.Args()); err != nil {
		stop()
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, since string, dirs []string) error {
	chosen, err := choose(ctx, since, dirs)
	if err != nil {
		return err
	}
	known, err := readEquivalents(equivalents)
	if err != nil {
		return err
	}
	failed := false
	for _, t := range chosen {
		survives, err := try(ctx, t)
		if err != nil {
			return fmt.Errorf("%s: %w", t.dir, err)
		}
		text, isWrong := report(t.dir, survives, known)
		fmt.Print(text)
		failed = failed || isWrong
	}
	if failed {
		return fmt.Errorf("a mutant survives, or %s is wrong", equivalents)
	}
	return nil
}

// choose returns the targets of these folders, or all of them, or those that have changed.
func choose(ctx context.Context, since string, dirs []string) ([]target, error) {
	all := targets()
	if since != "" {
		out, err := exec.CommandContext(ctx, "git", "diff", "--merge-base", "--name-only", since, "--", "*.go").Output()
		if err != nil {
			return nil, fmt.Errorf("git diff %s: %w", since, err)
		}
		changed := make(map[string]bool)
		for name := range strings.Lines(string(out)) {
			changed[path.Dir(strings.TrimSpace(name))] = true
		}
		return slices.DeleteFunc(all, func(t target) bool { return !changed[t.dir] }), nil
	}
	for _, dir := range dirs {
		if !slices.ContainsFunc(all, func(t target) bool { return t.dir == dir }) {
			return nil, fmt.Errorf("%s is no guarded package", dir)
		}
	}
	if len(dirs) > 0 {
		all = slices.DeleteFunc(all, func(t target) bool { return !slices.Contains(dirs, t.dir) })
	}
	return all, nil
}

// readEquivalents returns the reasons of a list, by the keys of its mutants.
func readEquivalents(name string) (map[string]string, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	known := make(map[string]string)
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		at := strings.LastIndex(line, " | ")
		if at < 0 || strings.Count(line, " | ") < 2 {
			return nil, fmt.Errorf("%s: %q has no reason", name, line)
		}
		known[line[:at]] = line[at+3:]
	}
	return known, nil
}

// report returns the score of a package and its survivors, and reports whether one of them
// is not known to be equivalent, or a known one is killed or does not exist.
func report(dir string, survives map[mutant]bool, known map[string]string) (text string, failed bool) {
	var out strings.Builder
	var survivors []mutant
	equivalent := make(map[string]bool)
	for m, survived := range survives {
		switch _, isKnown := known[m.key]; {
		case survived && isKnown:
			equivalent[m.key] = true
		case survived:
			survivors = append(survivors, m)
		}
	}
	tested := len(survives) - len(equivalent)
	fmt.Fprintf(&out, "%-24s %5.1f %% of %d mutants are killed, %d are equivalent\n",
		dir, 100*float64(tested-len(survivors))/float64(max(1, tested)), tested, len(equivalent))
	slices.SortFunc(survivors, func(a, b mutant) int { return cmp.Compare(a.id, b.id) })
	for _, m := range survivors {
		fmt.Fprintf(&out, "  survives: %s: %s\n", m.place, m.key)
	}
	for _, key := range slices.Sorted(maps.Keys(known)) {
		if strings.HasPrefix(key, dir+" ") && !equivalent[key] {
			failed = true
			fmt.Fprintf(&out, "  no survivor: %s\n", key)
		}
	}
	return out.String(), failed || len(survivors) > 0
}
