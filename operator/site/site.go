// Package site writes the catalogue of events and the order API as static pages, which need
// no server and no network.
package site

import (
	"bytes"
	_ "embed" // For the layout and its style.
	"errors"
	"html/template"
	"os"
	"path/filepath"

	"example.com/saga/operator/catalogue"
)

//go:embed layout.html
var layout string

//go:embed site.css
var style []byte

// suffix is that of the pages' files.
const suffix = ".html"

// Write writes the pages and the files that they link to into a folder, given the OpenAPI
// document of the order API too. Files of earlier pages stay.
func Write(folder string, c catalogue.Catalogue, openAPI []byte) error {
	pages, err := catalogue.NewPages(c, openAPI, suffix)
	if err != nil {
		return err
	}
	files, err := pages.Files()
	if err != nil {
		return err
	}
	parsed, err := template.New("layout").Parse(layout)
	if err != nil {
		return err
	}
	for _, name := range pages.Names() {
		page, err := pages.Page(name)
		if err != nil {
			return err
		}
		if files[name+suffix], err = render(parsed, name, page); err != nil {
			return err
		}
	}
	files["site.css"], files["catalogue.css"] = style, catalogue.Style()
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for name, content := range files {
		err = errors.Join(err, os.WriteFile(filepath.Join(folder, name), content, 0o644))
	}
	return err
}

// render returns a page as a document.
func render(layout *template.Template, name string, page catalogue.Page) ([]byte, error) {
	var out bytes.Buffer
	err := layout.Execute(&out, struct {
		catalogue.Page

		Name string
	}{page, name})
	return out.Bytes(), err
}
