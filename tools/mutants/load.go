package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// source is a package with the types of its source.
type source struct {
	// dir is relative to the root of the repository.
	dir   string
	fset  *token.FileSet
	info  *types.Info
	files map[string]*ast.File
}

// listed is a package as go list prints it.
type listed struct {
	Dir, ImportPath, Export string
	GoFiles                 []string
	DepOnly                 bool
}

// load parses and checks packages, which are folders of the repository.
func load(ctx context.Context, dirs []string) ([]*source, error) {
	args := []string{"list", "-export", "-deps", "-json=Dir,ImportPath,Export,GoFiles,DepOnly"}
	for _, dir := range dirs {
		args = append(args, "./"+dir)
	}
	command := exec.CommandContext(ctx, "go", args...)
	command.Stderr = os.Stderr
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	exports := make(map[string]string)
	var wanted []listed
	for decoder := json.NewDecoder(out); ; {
		var each listed
		err := decoder.Decode(&each)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		exports[each.ImportPath] = each.Export
		if !each.DepOnly {
			wanted = append(wanted, each)
		}
	}
	if err := command.Wait(); err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	var all []*source
	for _, each := range wanted {
		s, err := check(each, exports)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// check parses a package, and checks its types with those that its imports export.
func check(each listed, exports map[string]string) (*source, error) {
	root, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	dir, err := filepath.Rel(root, each.Dir)
	if err != nil {
		return nil, err
	}
	s := &source{dir: dir, fset: token.NewFileSet(), files: make(map[string]*ast.File), info: &types.Info{
		Types: make(map[ast.Expr]types.TypeAndValue), Defs: make(map[*ast.Ident]types.Object), Uses: make(map[*ast.Ident]types.Object),
	}}
	var files []*ast.File
	for _, name := range each.GoFiles {
		path := filepath.Join(dir, name)
		file, err := parser.ParseFile(s.fset, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		s.files[path] = file
		files = append(files, file)
	}
	lookup := func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) }
	config := types.Config{Importer: importer.ForCompiler(s.fset, "gc", lookup)}
	_, err = config.Check(each.ImportPath, s.fset, files, s.info)
	return s, err
}
