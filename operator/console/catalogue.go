package console

import (
	"cmp"
	"context"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"example.com/saga/operator/catalogue"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
)

// library has the pages of the catalogue once they could be made.
type library struct {
	load func(context.Context) (catalogue.Pages, error)

	mu    sync.Mutex
	pages *catalogue.Pages
}

// get returns the pages. After an error the next call tries again.
func (l *library) get(ctx context.Context) (catalogue.Pages, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pages == nil {
		pages, err := l.load(ctx)
		if err != nil {
			return catalogue.Pages{}, err
		}
		l.pages = &pages
	}
	return *l.pages, nil
}

// cataloguePage is a page of the catalogue. Only the map and the pages of events are live:
// only a deployment changes the others.
func (c *Console) cataloguePage(r *http.Request) (page, error) {
	pages, err := c.library.get(r.Context())
	if err != nil {
		return page{}, err
	}
	name := cmp.Or(r.PathValue("name"), catalogue.Index)
	if !slices.Contains(pages.Names(), name) {
		return noSuchPage(), nil
	}
	if name == catalogue.Map {
		return c.mapPage(r.Context(), pages)
	}
	shown, err := pages.Page(name)
	if err != nil || !slices.Contains(event.Types(contract.Catalogue().All()...), name) {
		return page{template: "catalogue", title: shown.Title, held: true, body: catalogueView{Body: shown.Body}}, err
	}
	last, err := c.seen.last(r.Context(), name)
	return page{template: "catalogue", title: shown.Title, body: catalogueView{shown.Body, name, last}}, err
}

// catalogueView is a page of the catalogue. That of a type of event has the last of them.
type catalogueView struct {
	Body template.HTML
	Type string
	Seen []tailedEvent
}

// mapPage is the map, with how the stack is doing.
func (c *Console) mapPage(ctx context.Context, pages catalogue.Pages) (page, error) {
	live, err := c.Live(ctx)
	if err != nil {
		return page{}, err
	}
	state, _ := c.chaos.last()
	for function, paused := range state.Paused {
		if paused {
			live.Stopped[function] = "paused"
		}
	}
	shown, err := pages.Map(live)
	return page{template: "catalogue", title: shown.Title, every: true, body: catalogueView{Body: shown.Body}}, err
}

// catalogued shows a page of the catalogue, or a file that pages of it link to.
func (c *Console) catalogued(w http.ResponseWriter, r *http.Request) {
	if !strings.HasSuffix(r.PathValue("name"), ".json") {
		c.page(c.cataloguePage)(w, r)
		return
	}
	pages, err := c.library.get(r.Context())
	var files map[string][]byte
	if err == nil {
		files, err = pages.Files()
	}
	file, isThere := files[r.PathValue("name")]
	if err != nil || !isThere {
		c.page(func(*http.Request) (page, error) { return noSuchPage(), err })(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	//nolint:errcheck // The browser has gone: there is nothing left to write to.
	w.Write(file)
}

// catalogueStyle returns the style sheet of the catalogue.
func catalogueStyle(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	//nolint:errcheck // The browser has gone: there is nothing left to write to.
	w.Write(catalogue.Style())
}

// problem leads from the path of a problem type's URI to its page.
func problem(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "/catalogue/"+url.PathEscape(catalogue.ProblemPage(r.PathValue("kind"))), http.StatusFound)
}
