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
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/module"

	"example.com/saga/tools/internal/repository"
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
	from, err := repository.ModulePath(root)
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
	// With other changes, git diff would not show the renaming alone, and git could not undo it.
	if err := repository.CheckClean(ctx, root); err != nil {
		return "", err
	}
	files, err := repository.Files(ctx, root)
	if err != nil {
		return "", err
	}
	changed := 0
	for _, file := range files {
		replaced, err := rewrite(filepath.Join(root, file), func(text []byte) []byte { return replace(text, from, to, base, schemas) })
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
