package cloud_test

import (
	"fmt"
	"net"
	"net/http"
	"testing"

	"example.com/saga/localcloud/cloud"
)

// freePort returns a port on which nothing listens.
func freePort(t *testing.T) int {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

func TestAFunctionURLHasThePortThatIsAskedFor(t *testing.T) {
	config := configOf(assembled(t, nil))
	port := freePort(t)
	config.URLPorts = map[string]int{"Shop/Worker": port}
	s := startWith(t, config)
	if got, want := s.where.FunctionURLs["Shop/Worker"], fmt.Sprintf("http://127.0.0.1:%d/", port); got != want {
		t.Errorf("the function's URL is %s, want %s", got, want)
	}
	if status, answer := s.call(t, read, "{}"); status != http.StatusBadRequest {
		t.Errorf("the function is not at its URL: %d %s", status, answer)
	}
}

func TestAPortForAFunctionURLThatIsNotInTheStackIsRefused(t *testing.T) {
	for name, test := range map[string]struct {
		function string
		change   func(resources)
		want     string
	}{
		"no function": {"Shop/Nothing", nil, "there is no function Shop/Nothing to have a URL at port 4000"},
		"no URL": {"Other", func(r resources) {
			r["Other"] = decode(encode(r["Worker"]))
			delete(r["Other"], "Metadata")
		}, "the function Other has no URL to be at port 4000"},
	} {
		t.Run(name, func(t *testing.T) {
			config := configOf(assembled(t, test.change))
			config.URLPorts = map[string]int{test.function: 4000}
			running, err := cloud.Start(t.Context(), config)
			if err == nil {
				t.Fatal("the stack starts", running.Close())
			}
			if err.Error() != test.want {
				t.Errorf("the error is %q, want %q", err, test.want)
			}
		})
	}
}
