// Package site writes the catalogue of events as static pages, which need no server and no
// network.
package site

import (
	_ "embed" // For the layout and its style.
	"errors"
	"html/template"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"example.com/saga/operator/catalogue"
)

//go:embed layout.html
var layout string

//go:embed site.css
var style []byte

// suffix is that of the pages' files.
const suffix = ".html"

// Write writes the pages and the files that they link to into a folder. Files of earlier
// pages stay.
func Write(folder string, c catalogue.Catalogue) error {
	pages, err := catalogue.NewPages(c, suffix)
	if err != nil {
		return err
	}
	files, err := pages.Files()
	if err != nil {
		return err
	}
	rendered, err := render(pages)
	if err != nil {
		return err
	}
	maps.Copy(files, rendered)
	files["site.css"] = style
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for name, content := range files {
		err = errors.Join(err, os.WriteFile(filepath.Join(folder, name), content, 0o644))
	}
	return err
}

// render returns the pages as documents, by the names of their files.
func render(pages catalogue.Pages) (map[string][]byte, error) {
	parsed, err := template.New("layout").Parse(layout)
	if err != nil {
		return nil, err
	}
	files := make(map[string][]byte)
	for _, name := range pages.Names() {
		page, err := pages.Page(name)
		if err != nil {
			return nil, err
		}
		var out strings.Builder
		document := struct {
			catalogue.Page

			Name string
		}{page, name}
		if err := parsed.Execute(&out, document); err != nil {
			return nil, err
		}
		files[name+suffix] = []byte(out.String())
	}
	return files, nil
}
