// Package goapi compares the Go API of the libraries in a release with that in the working
// tree.
package goapi

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/exp/apidiff"
	"golang.org/x/tools/go/packages"

	"example.com/saga/tools/internal/repository"
)

// library is a module that others import, and the folders of its packages for them.
type library struct {
	module   string
	packages []string
}

// libraries returns the modules with a stable API. The rest of infra is the app of the
// saga.
func libraries() []library {
	return []library{{"pkg", []string{"."}}, {"infra", []string{"boundedcontext", "resource", "shift"}}}
}

// isStable reports whether a package is for other modules. The language of the saga is its
// own, although it is a package of a library.
func isStable(name string) bool {
	return !slices.ContainsFunc(strings.Split(name, "/"), func(part string) bool { return part == "internal" || part == "contract" })
}

// Changes are what differs between two APIs, one line each.
type Changes struct {
	Breaking, Additions []string
}

// Compare returns what differs between a release, as git names it, and the working tree in
// a folder. It compiles both, with the modules in the module cache or from the proxy.
func Compare(ctx context.Context, folder, ref string) (Changes, error) {
	release, err := os.MkdirTemp("", "release")
	if err != nil {
		return Changes{}, err
	}
	all, err := compare(ctx, folder, ref, release)
	return all, errors.Join(err, os.RemoveAll(release))
}

func compare(ctx context.Context, folder, ref, release string) (Changes, error) {
	var all Changes
	if err := checkout(ctx, folder, ref, release); err != nil {
		return Changes{}, err
	}
	for _, l := range libraries() {
		before, err := l.load(ctx, release)
		if err != nil {
			return Changes{}, err
		}
		after, err := l.load(ctx, folder)
		if err != nil {
			return Changes{}, err
		}
		for _, change := range apidiff.ModuleChanges(before, after).Changes {
			line := l.line(before, after, change)
			if change.Compatible {
				all.Additions = append(all.Additions, line)
			} else {
				all.Breaking = append(all.Breaking, line)
			}
		}
	}
	slices.Sort(all.Breaking)
	slices.Sort(all.Additions)
	return all, nil
}

// line returns a change with the paths of packages in the repository, so that it stays the
// same when the modules are renamed.
func (l library) line(before, after *apidiff.Module, change apidiff.Change) string {
	message := change.Message
	for _, m := range []*apidiff.Module{before, after} {
		message = strings.ReplaceAll(message, path.Dir(m.Path)+"/", "")
	}
	if inModule, is := strings.CutPrefix(message, "./"); is {
		message = path.Join(l.module, inModule)
	}
	return message
}

// checkout writes the libraries of a release into a folder.
func checkout(ctx context.Context, folder, ref, to string) error {
	arguments := []string{"archive", "--format=zip", "--end-of-options", ref}
	for _, l := range libraries() {
		arguments = append(arguments, l.module)
	}
	archive, err := repository.Git(ctx, folder, arguments...)
	if err != nil {
		return err
	}
	files, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return err
	}
	return os.CopyFS(to, files)
}

// load returns the packages of a library in a repository.
func (l library) load(ctx context.Context, folder string) (*apidiff.Module, error) {
	root := filepath.Join(folder, l.module)
	var patterns []string
	for _, name := range l.packages {
		if _, err := os.Stat(filepath.Join(root, name)); err == nil {
			patterns = append(patterns, "./"+name+"/...")
		}
	}
	loaded, err := packages.Load(&packages.Config{
		Context: ctx, Dir: root, Mode: packages.LoadTypes | packages.NeedModule, Env: append(os.Environ(), "GOWORK=off"),
	}, patterns...)
	if err != nil {
		return nil, err
	}
	if len(loaded) == 0 {
		return nil, fmt.Errorf("%s has no packages", root)
	}
	m := &apidiff.Module{}
	for _, p := range loaded {
		if len(p.Errors) > 0 {
			return nil, fmt.Errorf("%s: %w", p.PkgPath, p.Errors[0])
		}
		m.Path = p.Module.Path
		if isStable(strings.TrimPrefix(p.PkgPath, m.Path)) && p.Name != "main" {
			m.Packages = append(m.Packages, p.Types)
		}
	}
	return m, nil
}
