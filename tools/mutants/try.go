package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/tools/go/packages"
)

// program is a compiled test program, or one test of it.
type program struct {
	path, dir string
	// run is the pattern of its tests.
	run string
	// took is how long it takes without a mutant.
	took   time.Duration
	isSlow bool
	// reaches are the mutants that it reaches.
	reaches map[int]bool
}

// try runs the tests of a target with each of its mutants, and returns whether it survives.
func try(ctx context.Context, t target) (survives map[mutant]bool, err error) {
	folder, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	mutants, overlay, err := instrument(ctx, folder, t.dir)
	if err != nil {
		return nil, err
	}
	programs, err := build(ctx, folder, overlay, t)
	if err != nil {
		return nil, err
	}
	if err := each(programs, func(p *program) error { return p.trace(ctx, folder) }); err != nil {
		return nil, err
	}
	survives = make(map[mutant]bool)
	var mu sync.Mutex
	err = each(mutants, func(m mutant) error {
		killed, err := isKilled(ctx, m, programs)
		mu.Lock()
		defer mu.Unlock()
		survives[m] = !killed
		return err
	})
	return survives, err
}

// each calls a function with all values, as many at once as there are processors.
func each[T any](all []T, do func(T) error) error {
	var group sync.WaitGroup
	errs := make([]error, len(all))
	slots := make(chan struct{}, runtime.NumCPU())
	for i, one := range all {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			errs[i] = do(one)
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

// load parses a package, which is a folder of the repository, and checks its types.
func load(ctx context.Context, dir string) (*packages.Package, error) {
	loaded, err := packages.Load(&packages.Config{Context: ctx, Mode: packages.LoadSyntax}, "./"+dir)
	if err != nil {
		return nil, err
	}
	if len(loaded) != 1 {
		return nil, fmt.Errorf("%d packages, want one", len(loaded))
	}
	if len(loaded[0].Errors) > 0 {
		return nil, loaded[0].Errors[0]
	}
	return loaded[0], nil
}

// instrument writes the mutated source of a package into a folder, and returns its mutants
// and the file for go test -overlay that replaces the source.
func instrument(ctx context.Context, folder, dir string) ([]mutant, string, error) {
	loaded, err := load(ctx, dir)
	if err != nil {
		return nil, "", err
	}
	root, err := os.Getwd()
	if err != nil {
		return nil, "", err
	}
	replace := map[string]string{filepath.Join(root, switchPlace): filepath.Join(root, switchFile)}
	var all []mutant
	n := 0
	next := func() int { n++; return n }
	for _, file := range loaded.Syntax {
		name := loaded.Fset.Position(file.FileStart).Filename
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, "", err
		}
		mutated, mutants := mutate(loaded, dir, file, text, next)
		all = append(all, mutants...)
		place := filepath.Join(folder, strconv.Itoa(len(replace))+".go")
		replace[name] = place
		if err := os.WriteFile(place, mutated, 0o600); err != nil {
			return nil, "", err
		}
	}
	number(all)
	encoded, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return nil, "", err
	}
	overlay := filepath.Join(folder, "overlay.json")
	return all, overlay, os.WriteFile(overlay, encoded, 0o600)
}

// number distinguishes mutants of a function that have the same text.
func number(all []mutant) {
	count := make(map[string]int)
	for i, m := range all {
		count[m.key]++
		if n := count[m.key]; n > 1 {
			all[i].key += fmt.Sprintf(" (%d)", n)
		}
	}
}

// build compiles the test programs of a target. Each test is a program of its own, so that
// a mutant is tried with the tests that reach it.
func build(ctx context.Context, folder, overlay string, t target) ([]*program, error) {
	var all []*program
	for i, dir := range append([]string{t.dir}, t.guards...) {
		path := filepath.Join(folder, strconv.Itoa(i)+".test")
		out, err := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", path, "./"+dir).CombinedOutput()
		if err != nil {
			return nil, fmt.Errorf("build the tests of %s: %w\n%s", dir, err, out)
		}
		list := exec.CommandContext(ctx, path, "-test.list", "^(Test|Example|Fuzz)")
		list.Dir = dir
		out, err = list.Output()
		if err != nil {
			return nil, fmt.Errorf("list the tests of %s: %w", dir, err)
		}
		for name := range strings.FieldsSeq(string(out)) {
			all = append(all, &program{path: path, dir: dir, run: "^" + name + "$"})
		}
	}
	return all, nil
}

// trace runs a program without a mutant, which must succeed, and notes what it reaches.
func (p *program) trace(ctx context.Context, folder string) error {
	file, err := os.CreateTemp(folder, "reached")
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	began := time.Now() //nolint:forbidigo // It measures the tests.
	if out, err := p.start(ctx, "MUTANTS_REACHED="+file.Name(), 10*time.Minute); err != nil {
		return fmt.Errorf("the tests %s of %s fail without a mutant: %w\n%s", p.run, p.dir, err, out)
	}
	p.took = time.Since(began) //nolint:forbidigo // It measures the tests.
	text, err := os.ReadFile(file.Name())
	if err != nil {
		return err
	}
	p.reaches = make(map[int]bool)
	for line := range strings.FieldsSeq(string(text)) {
		id, err := strconv.Atoi(line)
		if err != nil {
			return err
		}
		p.reaches[id] = true
	}
	return nil
}

// slow is how long a test takes that runs after the others: one of random inputs takes much
// longer when it fails, to find a small one.
const slow = time.Second / 2

// isKilled reports whether a test fails with a mutant. The tests of one program that reach
// it run together, those of its own package first.
func isKilled(ctx context.Context, m mutant, programs []*program) (bool, error) {
	programs = slices.DeleteFunc(slices.Clone(programs), func(p *program) bool { return !p.reaches[m.id] })
	slices.SortStableFunc(programs, func(a, b *program) int { return cmp.Compare(a.took/slow, b.took/slow) })
	var together []*program
	for _, p := range programs {
		if last := len(together) - 1; last >= 0 && together[last].path == p.path && together[last].isSlow == (p.took >= slow) {
			together[last].run += "|" + p.run
			together[last].took += p.took
			continue
		}
		first := *p
		first.isSlow = p.took >= slow
		together = append(together, &first)
	}
	for _, p := range together {
		// A mutant that never ends is killed.
		_, err := p.start(ctx, "MUTANT="+strconv.Itoa(m.id), 10*time.Second+4*p.took)
		if _, isExit := errors.AsType[*exec.ExitError](err); isExit && ctx.Err() == nil {
			return true, nil
		}
		if err != nil || ctx.Err() != nil {
			return false, cmp.Or(err, ctx.Err())
		}
	}
	return false, nil
}

// start runs a program with a variable until it ends, or for a time. Its memory is limited,
// because a mutant may allocate without end. A test of random inputs takes the same ones in
// each run, and looks for no smaller one when it fails.
func (p *program) start(ctx context.Context, variable string, limit time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, limit+time.Second)
	defer cancel()
	command := exec.CommandContext(ctx, "sh", "-c", `ulimit -d 4000000; exec "$@"`, "sh",
		p.path, "-test.run", p.run, "-test.failfast", "-test.timeout", limit.String())
	var out bytes.Buffer
	command.Dir, command.Stdout, command.Stderr = p.dir, &out, &out
	command.Env = append(os.Environ(), variable, "RAPID_SHRINKTIME=0s", "RAPID_NOFAILFILE=true", "RAPID_SEED=1")
	err := command.Run()
	return out.String(), err
}
