// Command rename changes the module path of the repository. It replaces the common
// beginning of all module paths in go.work, in every file that git tracks.
//
// The ids of JSON Schemas are not renamed, even where they begin like the module path: a
// published event keeps the id of its schema for ever, and a consumer rejects any other.
// Before the first event is published, -schemas sets another base of these ids.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
)

func main() {
	schemas := flag.String("schemas", "", "a base `URL` for the ids of all schemas, such as https://schemas.acme.com/; only before the first event is published")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: rename [flags] MODULE, such as github.com/acme/shop")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	done, err := rename(context.Background(), ".", flag.Arg(0), *schemas)
	if err != nil {
		fmt.Fprintln(os.Stderr, "rename:", err)
		os.Exit(1)
	}
	fmt.Fprintln(os.Stderr, done)
}

// rename renames the repository in a folder, and returns a message about the result.
func rename(ctx context.Context, root, to, schemas string) (string, error) {
	if err := check(to, schemas); err != nil {
		return "", err
	}
	from, err := modulePath(root)
	if err != nil {
		return "", err
	}
	base, err := schemaBase(root)
	if err != nil {
		return "", err
	}
	if schemas == "" {
		schemas = base
	}
	if from == to && base == schemas {
		return fmt.Sprintf("The module path is %s already.", to), nil
	}
	files, err := tracked(ctx, root)
	if err != nil {
		return "", err
	}
	changed := 0
	for _, file := range files {
		replaced, err := rewrite(file, func(text []byte) []byte { return replace(text, from, to, base, schemas) })
		if err != nil {
			return "", err
		}
		if replaced {
			changed++
		}
	}
	return fmt.Sprintf("Renamed %s to %s in %d files. The ids of schemas begin with %s.", from, to, changed, schemas), nil
}

// check returns an error if a module path or a base of schemas is invalid.
func check(to, schemas string) error {
	if err := module.CheckPath(to); err != nil {
		return err
	}
	if schemas == "" {
		return nil
	}
	base, err := url.Parse(schemas)
	if err != nil {
		return err
	}
	if base.Scheme != "https" || base.Host == "" || !strings.HasSuffix(base.Path, "/") || base.RawQuery+base.Fragment != "" {
		return fmt.Errorf("the base of the schemas must be an https URL that ends with a slash, and %q is not", schemas)
	}
	return nil
}

// modulePath returns the common beginning of all module paths of the workspace. The rest
// of each path is the module's folder.
func modulePath(root string) (string, error) {
	encoded, err := os.ReadFile(filepath.Join(root, "go.work"))
	if err != nil {
		return "", err
	}
	work, err := modfile.ParseWork("go.work", encoded, nil)
	if err != nil {
		return "", err
	}
	common := ""
	for _, use := range work.Use {
		file := filepath.Join(root, use.Path, "go.mod")
		encoded, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		full := modfile.ModulePath(encoded)
		path, named := strings.CutSuffix(full, strings.TrimPrefix(use.Path, "."))
		if !named || common != "" && path != common {
			return "", fmt.Errorf("%s: the module %s is not named after its folder, as the others are", file, full)
		}
		common = path
	}
	if common == "" {
		return "", errors.New("go.work uses no module")
	}
	return common, nil
}

// language is the file that has the base of the ids of all schemas.
const language = "pkg/contract/contract.go"

// schemaBase returns the base of the ids of all schemas.
func schemaBase(root string) (string, error) {
	source, err := os.ReadFile(filepath.Join(root, language))
	if err != nil {
		return "", err
	}
	_, rest, found := strings.Cut(string(source), "SchemaBase: \"")
	base, _, ends := strings.Cut(rest, "\"")
	if !found || !ends {
		return "", fmt.Errorf("%s has no SchemaBase", language)
	}
	return base, nil
}

// tracked returns the files that git tracks. It returns an error if there are uncommitted
// changes: then git diff would not show the renaming alone, and git could not undo it.
func tracked(ctx context.Context, root string) ([]string, error) {
	status, err := git(ctx, root, "status", "--porcelain")
	if err != nil {
		return nil, err
	}
	if len(status) > 0 {
		return nil, errors.New("there are changes that are not committed: commit or stash them first")
	}
	listed, err := git(ctx, root, "ls-files", "-z")
	if err != nil {
		return nil, err
	}
	var files []string
	for name := range strings.SplitSeq(strings.TrimSuffix(string(listed), "\x00"), "\x00") {
		files = append(files, filepath.Join(root, name))
	}
	return files, nil
}

func git(ctx context.Context, root string, arguments ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, "git", arguments...)
	command.Dir = root
	output, err := command.Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		return nil, fmt.Errorf("git %s: %s", arguments[0], bytes.TrimSpace(failed.Stderr))
	}
	return output, err
}

// rewrite changes the text of a file, and reports whether it differs. Symbolic links stay
// as they are.
func rewrite(file string, change func([]byte) []byte) (bool, error) {
	info, err := os.Lstat(file)
	if err != nil || !info.Mode().IsRegular() {
		return false, err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return false, err
	}
	changed := change(text)
	if bytes.Equal(text, changed) {
		return false, nil
	}
	return true, os.WriteFile(file, changed, info.Mode())
}
