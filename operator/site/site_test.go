package site_test

import (
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"example.com/saga/operator/catalogue"
	"example.com/saga/operator/site"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
)

// written writes the site of the production template, and returns its files by name.
func written(t *testing.T) map[string]string {
	t.Helper()
	template, err := os.ReadFile("../../infra/testdata/prod.golden.json")
	if err != nil {
		t.Fatal(err)
	}
	c, err := catalogue.New(template)
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(t.TempDir(), "dist", "site")
	openAPI, err := os.ReadFile("../../services/order/httpapi/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := site.Write(folder, c, openAPI); err != nil {
		t.Fatal(err)
	}
	paths, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[string]string)
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(path)] = string(content)
	}
	return files
}

var link = regexp.MustCompile(`(?:href|src)="([^"]*)"`)

func TestEveryLinkLeadsToAFileOfTheSite(t *testing.T) {
	files := written(t)
	linked := map[string]bool{"index.html": true}
	for name, content := range files {
		for _, found := range link.FindAllStringSubmatch(content, -1) {
			to := html.UnescapeString(found[1])
			linked[to] = true
			if _, isThere := files[to]; !isThere && !strings.HasPrefix(to, "#") {
				t.Errorf("%s links to %s", name, to)
			}
		}
	}
	for name := range files {
		if !linked[name] {
			t.Errorf("no page links to %s", name)
		}
	}
}

func TestTheSiteHasAPageForEachEventAndEachContext(t *testing.T) {
	files := written(t)
	for _, name := range append(event.Types(contract.Catalogue().All()...), contract.Catalogue().Contexts()...) {
		if content := files[name+".html"]; !strings.Contains(content, "<h1>") || !strings.Contains(content, "<title>"+name) {
			t.Errorf("the page of %s is %q", name, content)
		}
	}
}

func TestThePageOfTheAPIHasItsOperations(t *testing.T) {
	page := written(t)["api.html"]
	for _, want := range []string{
		"<h1>Order API</h1>", "<code>POST /orders</code>", "<code>GET /orders/{id}</code>", "<code>POST /orders/{id}/cancellation</code>",
		"<code>Idempotency-Key</code>", `<th scope="row" colspan="2">202</th>`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("it lacks %s:\n%s", want, page)
		}
	}
	if strings.Contains(page, "X-OTHER-METHODS") {
		t.Error("it shows an extension as a method")
	}
}

func TestADocumentThatIsNoOpenAPIDocumentIsRefused(t *testing.T) {
	for document, want := range map[string]string{
		`{`:                                    "read the OpenAPI document",
		`{"paths": {"/orders": {"post": []}}}`: "POST /orders",
	} {
		err := site.Write(t.TempDir(), catalogue.Catalogue{}, []byte(document))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the error is %v", document, err)
		}
	}
}

func TestAPageHasNeitherScriptsNorStylesInside(t *testing.T) {
	for name, content := range written(t) {
		if strings.HasSuffix(name, ".html") && regexp.MustCompile(`<script|<style|style=|\son\w+=`).MatchString(content) {
			t.Errorf("%s has a script or a style inside", name)
		}
	}
}

func TestAFolderThatCannotBeWrittenIsAnError(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := site.Write(file, catalogue.Catalogue{}, []byte("{}")); err == nil {
		t.Error("a site is written into a file")
	}
}
