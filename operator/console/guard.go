package console

import (
	"fmt"
	"net"
	"net/http"
	"strings"
)

// policy is the content security policy. Pages load what this server sends and nothing
// else, and have no inline script or style.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// protect refuses what a web page elsewhere could send, and sets the headers with which a
// browser restricts the console's own pages. A page of any site can send requests to
// loopback and, if its name resolves to 127.0.0.1 (DNS rebinding), read the responses. So
// the Host of each request must be this server's address, and the Origin of each write
// too. A browser sends an Origin with every POST.
func protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", policy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		// With no-referrer browsers send "Origin: null".
		header.Set("Referrer-Policy", "same-origin")
		if reason := refusal(r); reason != "" {
			http.Error(w, "The console refuses this request: "+reason+".", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// refusal returns why a request is refused, or "".
func refusal(r *http.Request) string {
	address, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !isOwnHost(r.Host, address) {
		return fmt.Sprintf("its Host %+q is not the address of the console", r.Host)
	}
	origins := r.Header.Values("Origin")
	if isWrite(r) && len(origins) == 0 {
		return "it has no Origin, so it is not known which page sends it"
	}
	for _, origin := range origins {
		if !strings.EqualFold(origin, "http://"+r.Host) {
			return fmt.Sprintf("its Origin %+q is not http://%s", origin, r.Host)
		}
	}
	for _, site := range r.Header.Values("Sec-Fetch-Site") {
		if isWrite(r) && site != "same-origin" {
			return fmt.Sprintf("its Sec-Fetch-Site is %+q", site)
		}
	}
	return ""
}

func isWrite(r *http.Request) bool { return r.Method != http.MethodGet && r.Method != http.MethodHead }

// isOwnHost reports whether a Host is a name that only the loopback interface has, with
// the port at which the request arrived.
func isOwnHost(host string, address net.Addr) bool {
	if address == nil {
		return false
	}
	_, own, err := net.SplitHostPort(address.String())
	if err != nil {
		return false
	}
	name, port, err := net.SplitHostPort(host)
	if err != nil || port != own {
		return false
	}
	name = strings.ToLower(name)
	return name == "127.0.0.1" || name == "localhost"
}
