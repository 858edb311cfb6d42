package console

import (
	"net/http"
	"sync/atomic"
)

// Gate is a handler that can be served before there is anything to show. Until it is open
// its page says so, and requests itself again.
type Gate struct {
	opened atomic.Pointer[http.Handler]
}

// Open passes all requests to a handler from now on.
func (g *Gate) Open(to http.Handler) { g.opened.Store(&to) }

const closedPage = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<meta http-equiv="refresh" content="1"><title>Starting</title></head><body><main><h1>The saga is starting</h1><p>This page shows it as soon as it is up.</p></main></body></html>
`

// ServeHTTP implements http.Handler.
func (g *Gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if handler := g.opened.Load(); handler != nil {
		(*handler).ServeHTTP(w, r)
		return
	}
	protect(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusServiceUnavailable)
		//nolint:errcheck // The browser has gone: there is nothing left to write to.
		w.Write([]byte(closedPage))
	})).ServeHTTP(w, r)
}
