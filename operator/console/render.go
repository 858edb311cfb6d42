package console

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"time"

	"example.com/saga/operator/lanes"
	"example.com/saga/operator/orderview"
)

//go:embed template static
var files embed.FS

// pages are the parsed templates: one of the whole document for each page.
type pages map[string]*template.Template

func parsePages() (pages, error) {
	layout, err := template.New("layout.html").Funcs(functions()).ParseFS(files, "template/layout.html")
	if err != nil {
		return nil, err
	}
	parsed := make(pages)
	for _, name := range []string{"orders", "order", "events", "dlq", "audit", "faults", "catalogue", "message"} {
		page, err := layout.Clone()
		if err != nil {
			return nil, err
		}
		if parsed[name], err = page.ParseFS(files, "template/"+name+".html"); err != nil {
			return nil, err
		}
	}
	return parsed, nil
}

func functions() template.FuncMap {
	return template.FuncMap{"duration": orderview.Span, "amount": orderview.Amount, "pieces": orderview.Pieces, "title": orderview.Title, "clock": clock, "tones": lanes.Tones, "short": short, "plural": plural}
}

func clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("2006-01-02 15:04:05.000")
}

// short returns the first eight characters of an id.
func short(id string) string { return fmt.Sprintf("%.8s", id) }

// plural returns a number with a noun.
func plural(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

// page is a page, without what all pages have.
type page struct {
	template, title string
	// status is that of the response, 200 if it is 0.
	status int
	// held means that the page is not live.
	held bool
	// every means that it is requested again every few seconds too.
	every bool
	body  any
}

// message is a page with a text.
func message(status int, title, text string) page {
	return page{template: "message", title: title, status: status, body: text}
}

// noSuchPage is shown at an address without a page.
func noSuchPage() page {
	return message(http.StatusNotFound, "There is no such page", "The console has no page at this address.")
}

// document is what a whole document shows.
type document struct {
	Title string
	// Path is that of the page, URL with its query.
	Path, URL string
	// Since has the stamps of what is shown, Order the order that the page is about.
	Since, Order string
	Stack        string
	ReadOnly     bool
	// Faults is whether there is a page of faults.
	Faults bool
	Held   bool
	Every  bool
	Counts countsView
	Body   any
}

// page returns the handler of a page. The stamps are taken before what they stand for is
// read, so that a change in between is a change.
func (c *Console) page(of func(*http.Request) (page, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		order := r.PathValue("id")
		since := c.stamp(order)
		p, err := of(r)
		if err != nil {
			c.Logger.ErrorContext(r.Context(), "a page cannot be shown", slog.String("path", r.URL.Path), slog.String("error", err.Error()))
			p = message(http.StatusInternalServerError, "This page cannot be shown", err.Error())
		}
		c.render(w, r, p.status, p.template, "layout.html", document{
			Title: p.title, Path: r.URL.Path, URL: r.URL.RequestURI(), Since: since, Order: order,
			Stack: c.Stack, ReadOnly: c.ReadOnly, Faults: c.Faults != nil, Held: p.held, Every: p.every, Counts: c.counts(), Body: p.body,
		})
	}
}

// action returns the handler of what changes the saga. It shows the outcome: htmx puts
// it into the page.
func (c *Console) action(do func(*http.Request) (outcome, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if c.ReadOnly {
			c.render(w, r, http.StatusForbidden, "message", "outcome", outcome{Failed: "This console is read-only: start it with -write to change the saga."})
			return
		}
		result, err := do(r)
		if err != nil {
			c.Logger.WarnContext(r.Context(), "an action failed", slog.String("path", r.URL.Path), slog.String("error", err.Error()))
			result.Failed = err.Error()
		}
		c.wake()
		c.render(w, r, http.StatusOK, "message", "outcome", result)
	}
}

// outcome is what an action has caused.
type outcome struct {
	// Failed is why it failed, or "".
	Failed string
	Text   string
	// Order is the order that it is about, if it is about one.
	Order string
	// Results are what became of dead letters or of replayed events.
	Results []Outcome
}

// render renders a template of a page.
func (c *Console) render(w http.ResponseWriter, r *http.Request, status int, page, name string, data any) {
	var out bytes.Buffer
	if err := c.pages[page].ExecuteTemplate(&out, name, data); err != nil {
		c.Logger.ErrorContext(r.Context(), "a page is not rendered", slog.String("page", page), slog.String("error", err.Error()))
		http.Error(w, "The page could not be rendered: see the log of the console.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(cmp.Or(status, http.StatusOK))
	//nolint:errcheck // The browser has gone: there is nothing left to write to.
	w.Write(out.Bytes())
}
