// Mutants changes the source of the guarded packages in small ways, one at a time, and
// reports the changes that no test notices.
//
//	mutants [-since REF | PACKAGE …]
//
// All mutants of a run are compiled into the test programs at once, and the environment
// chooses one. So a mutant costs the tests that reach it, and no build.
//
// The file tools/mutants/equivalent.txt names the mutants that change nothing that a test
// could see, each with the reason. Any other survivor is an error, and so is a line that
// matches none.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"path"
	"slices"
	"strings"

	"example.com/saga/tools/internal/repository"
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
	// guards are the packages whose tests guard it, beside its own.
	guards []string
}

func targets() []target {
	return []target{
		{dir: "operator/audit"},
		{dir: "operator/erase"},
		{dir: "operator/replay"},
		{dir: "pkg/causal"},
		{dir: "pkg/contract"},
		{dir: "pkg/decode"},
		{dir: "pkg/dynamo"},
		{dir: "pkg/event", guards: []string{"pkg/contract"}},
		{dir: "pkg/eventbridge"},
		{dir: "pkg/httpcommand", guards: []string{"services/order/httpapi"}},
		{dir: "pkg/idempotency"},
		{dir: "pkg/ijson"},
		{dir: "pkg/internal/safely"},
		{dir: "pkg/jsonschema"},
		{dir: "pkg/language", guards: []string{"pkg/contract"}},
		{dir: "pkg/memory"},
		{dir: "pkg/participant", guards: []string{"pkg/memory"}},
		{dir: "pkg/printable"},
		{dir: "pkg/required"},
		{dir: "pkg/sqsbody"},
		{dir: "pkg/sweeper", guards: []string{"services/order/sweep"}},
		{dir: "pkg/telemetry"},
		{dir: "pkg/tracing"},
		{dir: "pkg/worker"},
		{dir: "services/loyalty"},
		{dir: "services/order"},
		{dir: "services/order/httpapi"},
		{dir: "services/order/metrics"},
		{dir: "services/order/orderid"},
		{dir: "services/order/sweep"},
		{dir: "services/payment"},
		{dir: "services/warehouse"},
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
	if since != "" && len(dirs) > 0 {
		return nil, errors.New("-since chooses the packages itself: name either a commit or packages")
	}
	if since != "" {
		out, err := repository.Git(ctx, ".", "diff", "--merge-base", "--name-only", "--end-of-options", since, "--", "*.go")
		if err != nil {
			return nil, err
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

// readEquivalents returns the keys of the mutants in a list, each of which needs a reason.
func readEquivalents(name string) (map[string]bool, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	known := make(map[string]bool)
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		at := strings.LastIndex(line, " | ")
		if at < 0 || strings.Count(line, " | ") < 2 {
			return nil, fmt.Errorf("%s: %q has no reason", name, line)
		}
		known[line[:at]] = true
	}
	return known, nil
}

// report returns the score of a package and its survivors, and reports whether one of them
// is not known to be equivalent, or a known one is killed or does not exist.
func report(dir string, survives map[mutant]bool, known map[string]bool) (text string, failed bool) {
	var out strings.Builder
	var survivors []mutant
	listed := make(map[string]bool)
	equivalent := 0
	for m, survived := range survives {
		if !survived {
			continue
		}
		listed[m.key] = true
		if known[m.key] {
			equivalent++
		} else {
			survivors = append(survivors, m)
		}
	}
	tested := len(survives) - equivalent
	fmt.Fprintf(&out, "%-24s %5.1f %% of %d mutants are killed, %d more are equivalent\n",
		dir, 100*float64(tested-len(survivors))/float64(max(1, tested)), tested, equivalent)
	slices.SortFunc(survivors, func(a, b mutant) int { return cmp.Compare(a.id, b.id) })
	for _, m := range survivors {
		fmt.Fprintf(&out, "  survives: %s: %s\n", m.place, m.key)
	}
	for _, key := range slices.Sorted(maps.Keys(known)) {
		if strings.HasPrefix(key, dir+" ") && !listed[key] {
			failed = true
			fmt.Fprintf(&out, "  no survivor: %s\n", key)
		}
	}
	return out.String(), failed || len(survivors) > 0
}
