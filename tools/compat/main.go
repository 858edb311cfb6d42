// Command compat lists what breaks the clients of the order API, or the consumers of the
// events, between the last release and the working tree. Run it in the root of the
// repository.
//
// A request may gain no required member and lose no accepted value. An answer may lose no
// member that was always there, change no type and gain no value where the values are
// listed: every enum is closed. An event may do neither: events of the last release are
// still in flight and in the archive, and its consumers read new events during a
// deployment and after a rollback. New paths, statuses, problem types, event types and
// optional members break nothing.
//
// The Go API of the libraries may lose nothing that compiles, in the packages that other
// modules import (see docs/importing.md).
//
// A break that is meant is a line of acceptance/accepted-breaks, as it is printed, below a
// comment with its reason.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"example.com/saga/tools/internal/goapi"
	"example.com/saga/tools/internal/repository"
)

const (
	openAPI         = "services/order/httpapi/openapi.json"
	requestSchemas  = "services/order/httpapi/schema/"
	eventSchemas    = "pkg/contract/schema/"
	asyncAPI        = "docs/asyncapi.json"
	previousRelease = "acceptance/previous-release"
	acceptedBreaks  = "acceptance/accepted-breaks"
)

func main() {
	previous := flag.String("previous", "", "the `REF` of the last release; by default that in "+previousRelease)
	flag.Parse()
	var out strings.Builder
	breaks, err := run(context.Background(), ".", *previous, goapi.Compare, &out)
	fmt.Print(out.String())
	if err != nil {
		fmt.Fprintln(os.Stderr, "compat:", err)
		os.Exit(2)
	}
	if breaks > 0 {
		os.Exit(1)
	}
}

// compareAPI returns what differs between the Go API of a release and that of the working
// tree in a folder.
type compareAPI func(ctx context.Context, folder, release string) (goapi.Changes, error)

// run writes what breaks in the working tree in a folder, and returns how much.
func run(ctx context.Context, folder, previous string, api compareAPI, out *strings.Builder) (int, error) {
	if previous == "" {
		text, err := os.ReadFile(filepath.Join(folder, previousRelease))
		if err != nil {
			return 0, err
		}
		previous = strings.TrimSpace(string(text))
	}
	before, err := readRelease(ctx, folder, previous)
	if err != nil {
		return 0, err
	}
	after, err := readTree(ctx, folder)
	if err != nil {
		return 0, err
	}
	for _, name := range []string{openAPI, asyncAPI} {
		if before[name] == nil && after[name] != nil {
			fmt.Fprintf(out, "%s is not in %.12s, so only its schemas are compared.\n", name, previous)
		}
	}
	changes, err := api(ctx, folder, previous)
	if err != nil {
		return 0, err
	}
	found, err := withoutAccepted(folder, append(compare(before, after), changes.Breaking...))
	if err != nil {
		return 0, err
	}
	for _, each := range found {
		fmt.Fprintln(out, each)
	}
	fmt.Fprintf(out, "%d breaking changes since %.12s in %d documents and the Go API.\n", len(found), previous, len(before))
	return len(found), nil
}

// withoutAccepted removes the accepted breaks from those that were found. One that was not
// found is itself in the result.
func withoutAccepted(folder string, found []string) ([]string, error) {
	text, err := os.ReadFile(filepath.Join(folder, acceptedBreaks))
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		i := slices.Index(found, line)
		if i < 0 {
			found = append(found, acceptedBreaks+": there is no such break: "+line)
			continue
		}
		found = slices.Delete(found, i, i+1)
	}
	return found, nil
}

// isDocument reports whether a file is compared.
func isDocument(name string) bool {
	return name == openAPI || name == asyncAPI || strings.HasSuffix(name, ".json") &&
		(strings.HasPrefix(name, eventSchemas) || strings.HasPrefix(name, requestSchemas))
}

// readRelease returns the documents of a release by their names.
func readRelease(ctx context.Context, folder, ref string) (map[string]object, error) {
	listed, err := repository.Git(ctx, folder, "ls-tree", "-r", "-z", "--name-only", "--end-of-options", ref)
	if err != nil {
		return nil, err
	}
	return read(listed, func(name string) ([]byte, error) { return repository.Git(ctx, folder, "show", ref+":"+name) })
}

// readTree returns the documents of the working tree by their names.
func readTree(ctx context.Context, folder string) (map[string]object, error) {
	listed, err := repository.Git(ctx, folder, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	if err != nil {
		return nil, err
	}
	return read(listed, func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(folder, name)) })
}

func read(listed []byte, file func(name string) ([]byte, error)) (map[string]object, error) {
	documents := make(map[string]object)
	for name := range strings.SplitSeq(string(listed), "\x00") {
		if !isDocument(name) {
			continue
		}
		encoded, err := file(name)
		if os.IsNotExist(err) {
			continue // It is deleted, but that is not committed.
		}
		if err != nil {
			return nil, err
		}
		decoder := json.NewDecoder(bytes.NewReader(encoded))
		decoder.UseNumber()
		var document object
		if err := decoder.Decode(&document); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		documents[name] = document
	}
	return documents, nil
}

// compare returns what breaks between two sets of documents, one line each.
func compare(before, after map[string]object) []string {
	var all []string
	for _, name := range names(before) {
		if name != openAPI && strings.HasPrefix(name, requestSchemas) && before[openAPI] != nil {
			continue // It is a part of the OpenAPI document.
		}
		old, now := before[name], after[name]
		if now == nil {
			all = append(all, name+": is removed")
			continue
		}
		c := comparison{}
		switch {
		case name == openAPI:
			c.compareOpenAPI(old, now)
		case name == asyncAPI:
			c.compareAsyncAPI(old, now)
		case strings.HasPrefix(name, requestSchemas):
			c.compareDocument(old, now, before, after, direction{accepts: true})
		default:
			c.compareDocument(old, now, before, after, direction{accepts: true, returns: true})
		}
		for _, each := range c.found {
			all = append(all, name+"#"+each)
		}
	}
	slices.Sort(all)
	return all
}

// compareDocument compares a schema and its definitions. A schema may refer to others.
func (c *comparison) compareDocument(old, now object, before, after map[string]object, d direction) {
	previous, current := part{byID(before), old, old}, part{byID(after), now, now}
	c.compareSchemas("", []part{previous}, []part{current}, d)
}

func byID(documents map[string]object) map[string]object {
	all := make(map[string]object)
	for _, document := range documents {
		if id, has := document["$id"].(string); has {
			all[id] = document
		}
	}
	return all
}

// compareAsyncAPI compares which channels, operations and messages there are. The schemas
// of the events are compared by themselves.
func (c *comparison) compareAsyncAPI(before, after object) {
	for _, pointer := range []string{"/channels", "/operations", "/components/messages"} {
		c.eachOf(pointer, at(before, pointer), at(after, pointer), func(string, object, object) {})
	}
}
