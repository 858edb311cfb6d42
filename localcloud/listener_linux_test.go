package main

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// listeners returns the ports that a process listens on, as the system knows
// them, by their local addresses: 127.0.0.1:4566.
func listeners(t *testing.T, pid int) []string {
	t.Helper()
	links, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if err != nil {
		t.Fatal(err)
	}
	own := map[string]bool{}
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil {
			own[target] = true
		}
	}
	var found []string
	for _, table := range []string{"tcp", "tcp6"} {
		file, err := os.Open(fmt.Sprintf("/proc/%d/net/%s", pid, table))
		if err != nil {
			t.Fatal(err)
		}
		for lines := bufio.NewScanner(file); lines.Scan(); {
			const listening = "0A"
			fields := strings.Fields(lines.Text())
			if len(fields) < 10 || fields[3] != listening || !own["socket:["+fields[9]+"]"] {
				continue
			}
			ip, port, _ := strings.Cut(fields[1], ":")
			number, err := strconv.ParseUint(port, 16, 16)
			if err != nil {
				t.Fatal(err)
			}
			if ip != "0100007F" { // In the byte order of the machine.
				t.Errorf("it listens on port %d of %s, not of 127.0.0.1", number, ip)
			}
			found = append(found, fmt.Sprintf("127.0.0.1:%d", number))
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return found
}

func TestEveryListenerRefusesWhatAWebPageCanSend(t *testing.T) {
	r := startProgram(t, "--assembly", assembled(t))
	open := listeners(t, r.command.Process.Pid)
	// That of the AWS APIs, that of the function URL, and a Runtime API.
	if len(open) < 3 || !slices.Contains(open, strings.TrimPrefix(r.ready.AWSEndpointURL, "http://")) ||
		!slices.Contains(open, strings.TrimSuffix(strings.TrimPrefix(r.ready.FunctionURLs["Shop/Worker"], "http://"), "/")) {
		t.Fatalf("the program listens on %v", open)
	}
	for _, address := range open {
		_, port, _ := strings.Cut(address, ":")
		for name, header := range map[string]http.Header{
			"after DNS rebinding":       {"Host": {"evil.example:" + port}},
			"from a page":               {"Origin": {"https://evil.example"}, "Content-Type": {"text/plain"}},
			"from a page in a sandbox":  {"Origin": {"null"}},
			"from a page at a port":     {"Origin": {"http://127.0.0.1:1"}, "Sec-Fetch-Site": {"same-site"}},
			"as a resource of a page":   {"Sec-Fetch-Site": {"cross-site"}},
			"with a signature, rebound": {"Host": {"evil.example:" + port}, "Authorization": {signature}},
		} {
			for _, path := range []string{
				"/", "/usage", "/traces", "/deliveries", "/resume", "/items", "/2015-03-31/functions/shop-Worker/invocations",
				"/2018-06-01/runtime/invocation/next",
			} {
				for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodOptions} {
					status, answered := send(t, method, "http://"+address+path, header)
					if status != http.StatusForbidden {
						t.Errorf("%s http://%s%s %s is answered with %d", method, address, path, name, status)
					}
					for name := range answered {
						if strings.HasPrefix(name, "Access-Control-") {
							t.Errorf("%s http://%s%s is answered with %s", method, address, path, name)
						}
					}
				}
			}
		}
	}
	r.stop(t, syscall.SIGTERM)
}

// signature is what an AWS client sends.
const signature = "AWS4-HMAC-SHA256 Credential=operator/20261122/eu-west-1/events/aws4_request, SignedHeaders=host, Signature=0"
