// Command release prepares a version of the modules that others import or install, all in
// the same version: it sets the versions that modules require of each other, adds a section
// to the changelog, and prints the commands that publish the version. It neither commits
// nor pushes. Run it in the root of the repository.
//
// It refuses a version that is not next after the last tag, or does not fit what has
// changed in the Go API since then: a break needs a new minor version before v1.0.0 and a
// new major one after it, an addition at least a new minor one
// (https://go.dev/doc/modules/version-numbers).
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/semver"

	"example.com/saga/tools/internal/goapi"
	"example.com/saga/tools/internal/repository"
)

const changelog = "CHANGELOG.md"

// modules returns the folders of the modules that are tagged.
func modules() []string { return []string{"pkg", "infra", "localcloud"} }

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: release VERSION, such as v0.1.0")
		os.Exit(2)
	}
	commands, err := release(context.Background(), ".", os.Args[1], time.Now())
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
	fmt.Print(commands)
}

// release prepares a version of the repository in a folder, and returns the commands that
// publish it.
func release(ctx context.Context, root, version string, now time.Time) (string, error) {
	if err := repository.CheckClean(ctx, root); err != nil {
		return "", err
	}
	last, err := lastVersion(ctx, root)
	if err != nil {
		return "", err
	}
	if err := checkNext(last, version); err != nil {
		return "", err
	}
	var changes goapi.Changes
	if last != "" {
		if changes, err = goapi.Compare(ctx, root, modules()[0]+"/"+last); err != nil {
			return "", err
		}
	}
	if err := checkChanges(last, version, changes); err != nil {
		return "", err
	}
	if err := setVersions(ctx, root, version); err != nil {
		return "", err
	}
	return commands(version), addSection(root, last, version, changes, now)
}

// lastVersion returns the highest version that any module is tagged with, or "".
func lastVersion(ctx context.Context, root string) (string, error) {
	last := ""
	for _, module := range modules() {
		tags, err := repository.Git(ctx, root, "tag", "--list", module+"/v*")
		if err != nil {
			return "", err
		}
		for tag := range strings.FieldsSeq(string(tags)) {
			version := strings.TrimPrefix(tag, module+"/")
			if semver.IsValid(version) && semver.Compare(version, last) > 0 {
				last = version
			}
		}
	}
	return last, nil
}

// next returns the versions that can follow one: patch, minor and major.
func next(last string) ([]string, error) {
	if last == "" {
		last = "v0.0.0"
	}
	var major, minor, patch int
	if _, err := fmt.Sscanf(last, "v%d.%d.%d", &major, &minor, &patch); err != nil {
		return nil, fmt.Errorf("the last version %s: %w", last, err)
	}
	return []string{
		fmt.Sprintf("v%d.%d.%d", major, minor, patch+1), fmt.Sprintf("v%d.%d.0", major, minor+1), fmt.Sprintf("v%d.0.0", major+1),
	}, nil
}

// checkNext returns an error unless a version follows the last one.
func checkNext(last, version string) error {
	all, err := next(last)
	switch {
	case err != nil:
		return err
	case !slices.Contains(all, version):
		return fmt.Errorf("%s is not next: after %q comes %s", version, last, strings.Join(all, ", "))
	case semver.Compare(version, "v2.0.0") >= 0:
		return fmt.Errorf("%s needs module paths that end with /%s (https://go.dev/ref/mod#major-version-suffixes)", version, semver.Major(version))
	}
	return nil
}

// checkChanges returns an error if a version does not announce what has changed.
func checkChanges(last, version string, changes goapi.Changes) error {
	isPatch := last != "" && semver.MajorMinor(version) == semver.MajorMinor(last)
	keepsAll := isPatch || semver.Major(version) == semver.Major(last) && semver.Major(version) != "v0"
	switch {
	case len(changes.Breaking) > 0 && keepsAll:
		return fmt.Errorf("%s breaks what %s has:\n%s", version, last, strings.Join(changes.Breaking, "\n"))
	case len(changes.Additions) > 0 && isPatch:
		return fmt.Errorf("%s is a patch, and has more than %s:\n%s", version, last, strings.Join(changes.Additions, "\n"))
	}
	return nil
}

// setVersions writes the version of the tagged modules into every go.mod that requires one
// of them.
func setVersions(ctx context.Context, root, version string) error {
	base, err := repository.ModulePath(root)
	if err != nil {
		return err
	}
	files, err := repository.Files(ctx, root)
	if err != nil {
		return err
	}
	for _, name := range files {
		if filepath.Base(name) != "go.mod" {
			continue
		}
		if err := setVersionsIn(filepath.Join(root, name), base, version); err != nil {
			return err
		}
	}
	return nil
}

func setVersionsIn(file, base, version string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	parsed, err := modfile.Parse(file, text, nil)
	if err != nil {
		return err
	}
	for _, module := range modules() {
		path := base + "/" + module
		if !slices.ContainsFunc(parsed.Require, func(r *modfile.Require) bool { return r.Mod.Path == path }) {
			continue
		}
		if err := parsed.AddRequire(path, version); err != nil {
			return err
		}
	}
	formatted, err := parsed.Format()
	if err != nil || bytes.Equal(text, formatted) {
		return err
	}
	return os.WriteFile(file, formatted, 0o600)
}

// addSection adds the section of a version to the changelog, above the entries that it has.
func addSection(root, last, version string, changes goapi.Changes, now time.Time) error {
	file := filepath.Join(root, changelog)
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	head, entries, found := strings.Cut(string(text), "\n## ")
	if !found {
		return errors.New(changelog + " has no section")
	}
	section := fmt.Sprintf("\n## %s, %s\n\nThe modules %s, [to import](docs/importing.md). What is new is listed below",
		version, now.UTC().Format(time.DateOnly), strings.Join(modules(), ", "))
	if last != "" {
		section += ", down to " + last
	}
	section += ".\n"
	if len(changes.Breaking) > 0 {
		section += "\n### What no longer compiles\n\n- `" + strings.Join(changes.Breaking, "`\n- `") + "`\n"
	}
	return os.WriteFile(file, []byte(head+section+"\n## "+entries), 0o600)
}

// commands returns the commands that publish a version.
func commands(version string) string {
	var tags strings.Builder
	for _, module := range modules() {
		fmt.Fprintf(&tags, " %s/%s", module, version)
	}
	return "Read the difference, then commit it. When it is on main, with all checks, publish that commit:\n\n" +
		"git diff && git commit -am 'Release " + version + "'\n" +
		"for tag in" + tags.String() + "; do git tag -a -m $tag $tag; done\n" +
		"git push --atomic origin" + tags.String() + "\n"
}
