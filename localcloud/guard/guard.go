// Package guard keeps web pages out of the local cloud. A browser sends requests of any
// page to loopback, too, and a page whose name is made to resolve to 127.0.0.1 (DNS
// rebinding) may even read the response. So every server of the local cloud is made here,
// and serves only requests that a page of another origin cannot make:
//
//   - their Host is a name that only the loopback interface has, with the server's
//     own port;
//   - their Origin, which browsers add, is this very address, if they have one;
//   - their Sec-Fetch-Site, which browsers add too, is same-origin, or none for what
//     was typed into the address bar, if they have one.
//
// Programs send neither of the last two, and are not affected.
package guard

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// NewServer returns a server that serves only requests that pass the guard.
// Errors of connections are logged.
func NewServer(handler http.Handler, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler: protect(handler), ReadHeaderTimeout: 10 * time.Second,
		ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
}

func protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if reason := refusal(r); reason != "" {
			refuse(w, reason)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// refusal returns why a request is refused, or "". What it cites is quoted in
// ASCII, because it may be shown on a terminal.
func refusal(r *http.Request) string {
	port := localPort(r)
	if !isOwn(r.Host, port) {
		return fmt.Sprintf("its Host %+q is not 127.0.0.1:%s or localhost:%s", r.Host, port, port)
	}
	for _, origin := range r.Header.Values("Origin") {
		if !strings.EqualFold(origin, "http://"+r.Host) {
			return fmt.Sprintf("it comes from a web page of another origin: its Origin %+q is not http://%s", origin, r.Host)
		}
	}
	for _, site := range r.Header.Values("Sec-Fetch-Site") {
		if site != "same-origin" && site != "none" {
			return fmt.Sprintf("it comes from a web page of another origin: its Sec-Fetch-Site is %+q", site)
		}
	}
	return ""
}

// isOwn reports whether a Host names the loopback interface with this port. The
// names under localhost are the machine's own in every browser (RFC 6761), and
// clients that put a bucket or an account before the host use them.
func isOwn(host, port string) bool {
	name, given, err := net.SplitHostPort(host)
	if err != nil || given != port {
		return false
	}
	name = strings.ToLower(name)
	return name == "127.0.0.1" || name == "::1" || name == "localhost" || strings.HasSuffix(name, ".localhost")
}

// localPort returns the port at which the request arrived.
func localPort(r *http.Request) string {
	address, isTCP := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !isTCP {
		return ""
	}
	return strconv.Itoa(address.Port)
}

// refuse answers 403 with the reason, in the form in which AWS's clients expect an error.
func refuse(w http.ResponseWriter, reason string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusForbidden)
	//nolint:errcheck,errchkjson // The caller has gone: there is nothing left to write to.
	json.NewEncoder(w).Encode(map[string]string{
		"__type": "AccessDeniedException", "message": "the local cloud refuses this request: " + reason,
	})
}
