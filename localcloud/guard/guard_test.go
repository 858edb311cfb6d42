package guard_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"

	"example.com/saga/localcloud/guard"
)

// serve starts a guarded server that answers "served", and returns its port.
func serve(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := guard.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if _, err := io.WriteString(w, "served"); err != nil {
			t.Error(err)
		}
	}), slog.New(slog.DiscardHandler))
	ended := make(chan error)
	go func() { ended <- server.Serve(listener) }()
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		<-ended
	})
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// send sends a request with this Host; PORT in it and in the headers is the
// server's.
func send(t *testing.T, port, method, host string, header http.Header) (status int, body string, answered http.Header) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "http://127.0.0.1:"+port+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = strings.ReplaceAll(host, "PORT", port)
	for name, values := range header {
		for _, value := range values {
			request.Header.Add(name, strings.ReplaceAll(value, "PORT", port))
		}
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text), response.Header
}

func TestWhatAPageOfAnotherOriginCanSendIsRefused(t *testing.T) {
	port := serve(t)
	for name, test := range map[string]struct {
		host   string
		header http.Header
		want   string
	}{
		"to a name that means loopback now":        {"evil.example:PORT", nil, `Host \"evil.example:`},
		"to a name that begins like loopback":      {"127.0.0.1.evil.example:PORT", nil, "Host"},
		"to a name that ends almost as localhost":  {"evillocalhost:PORT", nil, "Host"},
		"to a name that has localhost in it":       {"localhost.evil.example:PORT", nil, "Host"},
		"to another name of the interface":         {"0.0.0.0:PORT", nil, "Host"},
		"to another address of the interface":      {"127.0.0.2:PORT", nil, "Host"},
		"to another port":                          {"127.0.0.1:1", nil, "Host"},
		"to no port":                               {"127.0.0.1", nil, "Host"},
		"from another site":                        {"127.0.0.1:PORT", http.Header{"Origin": {"http://evil.example"}}, `Origin \"http://evil.example\"`},
		"from another port":                        {"127.0.0.1:PORT", http.Header{"Origin": {"http://127.0.0.1:3000"}}, "Origin"},
		"from another scheme":                      {"127.0.0.1:PORT", http.Header{"Origin": {"https://127.0.0.1:PORT"}}, "Origin"},
		"from another name of this address":        {"127.0.0.1:PORT", http.Header{"Origin": {"http://localhost:PORT"}}, "Origin"},
		"from a name under localhost":              {"localhost:PORT", http.Header{"Origin": {"http://evil.localhost:PORT"}}, "Origin"},
		"from an origin that begins like this one": {"127.0.0.1:PORT", http.Header{"Origin": {"http://127.0.0.1:PORT.evil.example"}}, "Origin"},
		"from a sandbox or a file":                 {"127.0.0.1:PORT", http.Header{"Origin": {"null"}}, "Origin"},
		"from two origins":                         {"127.0.0.1:PORT", http.Header{"Origin": {"http://127.0.0.1:PORT", "http://evil.example"}}, "Origin"},
		"from an origin that is empty":             {"127.0.0.1:PORT", http.Header{"Origin": {""}}, "Origin"},
		"as a picture of a page":                   {"127.0.0.1:PORT", http.Header{"Sec-Fetch-Site": {"cross-site"}}, "Sec-Fetch-Site"},
		"as a picture of a page at another port":   {"127.0.0.1:PORT", http.Header{"Sec-Fetch-Site": {"same-site"}}, "Sec-Fetch-Site"},
		"with controls of a terminal":              {"127.0.0.1:PORT", http.Header{"Origin": {"\u009b31m\u202e"}}, `\\u009b31m\\u202e`},
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodOptions} {
			t.Run(method+" "+name, func(t *testing.T) {
				status, body, header := send(t, port, method, test.host, test.header)
				var refused struct {
					Type    string `json:"__type"`
					Message string `json:"message"`
				}
				if err := json.Unmarshal([]byte(body), &refused); err != nil {
					t.Fatalf("the answer %q: %v", body, err)
				}
				if status != http.StatusForbidden || refused.Type != "AccessDeniedException" || strings.Count(body, "\n") != 1 || !strings.Contains(body, test.want) {
					t.Errorf("the answer is %d %s, want a refusal because of %s", status, body, test.want)
				}
				for name := range header {
					if strings.HasPrefix(name, "Access-Control-") {
						t.Errorf("the answer has the header %s", name)
					}
				}
			})
		}
	}
}

func TestWhatAProgramOrAPageOfThisOriginSendsIsServed(t *testing.T) {
	port := serve(t)
	for name, test := range map[string]struct {
		host   string
		header http.Header
	}{
		"by a program":                           {"127.0.0.1:PORT", nil},
		"by another name":                        {"localhost:PORT", nil},
		"in capitals":                            {"LocalHost:PORT", nil},
		"by IPv6":                                {"[::1]:PORT", nil},
		"with a name of the SDK before the host": {"bucket.localhost:PORT", nil},
		"from a page of this address":            {"127.0.0.1:PORT", http.Header{"Origin": {"http://127.0.0.1:PORT"}, "Sec-Fetch-Site": {"same-origin"}}},
		"from a page of this name":               {"localhost:PORT", http.Header{"Origin": {"http://localhost:PORT"}}},
		"from the address bar":                   {"127.0.0.1:PORT", http.Header{"Sec-Fetch-Site": {"none"}}},
	} {
		t.Run(name, func(t *testing.T) {
			if status, body, _ := send(t, port, http.MethodPost, test.host, test.header); status != http.StatusOK || body != "served" {
				t.Errorf("the answer is %d %s", status, body)
			}
		})
	}
}
