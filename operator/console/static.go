package console

import "net/http"

// staticFiles returns the handler of scripts and styles.
// project has its version, so a browser may keep it.
func staticFiles() http.Handler {
	served := http.FileServerFS(files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-cache")
		served.ServeHTTP(w, r)
	})
}
