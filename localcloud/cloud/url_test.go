package cloud_test

import (
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

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

// keys records the access key ids of functions, which are made of 30 random bytes.
type keys struct{ ids []string }

func (k *keys) Read(into []byte) (int, error) {
	n, err := rand.Read(into)
	if len(into) == 30 {
		k.ids = append(k.ids, fmt.Sprintf("ASIA%016X", into[:8]))
	}
	return n, err
}

func signedBy(id string) http.Header {
	return http.Header{
		"Content-Type":  {"application/json"},
		"Authorization": {"AWS4-HMAC-SHA256 Credential=" + id + "/20261122/eu-west-1/lambda/aws4_request, SignedHeaders=host, Signature=0"},
	}
}

func TestTheCallerOfAFunctionURLWithAuthorizationNeedsBothPermissions(t *testing.T) {
	const denied = "Forbidden. The caller"
	for name, test := range map[string]struct {
		actions string
		want    string
	}{
		"both":               {`["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"]`, `"__type"`},
		"only to call":       {`["lambda:InvokeFunctionUrl"]`, denied},
		"only to invoke":     {`["lambda:InvokeFunction"]`, denied},
		"neither of the two": {`["lambda:GetFunction"]`, denied},
	} {
		t.Run(name, func(t *testing.T) {
			random, lines := new(keys), make(chan string, 1000)
			config := configOf(assembled(t, func(r resources) {
				r.properties("Url")["AuthType"] = "AWS_IAM"
				delete(r, "UrlPermission")
				delete(r, "InvokePermission")
				policy := r.properties("WorkerPolicy")["PolicyDocument"].(map[string]any)
				policy["Statement"] = append(policy["Statement"].([]any), decode(`{"Effect": "Allow", "Resource": "*", "Action": `+test.actions+`}`))
			}))
			config.Random = random
			config.Log = func(_ time.Time, _, line string) { lines <- line }
			s := startWith(t, config)
			url := s.where.FunctionURLs["Shop/Worker"]
			if status, answer := request(t, http.MethodPost, url, nil, "{}"); status != http.StatusForbidden {
				t.Errorf("a request without a signature is answered with %d %s", status, answer)
			}
			if _, answer := request(t, http.MethodPost, url, signedBy(random.ids[0]), "{}"); !strings.Contains(answer, test.want) {
				t.Errorf("the function's own request is answered with %s, want %s", answer, test.want)
			}
			if _, answer := request(t, http.MethodPost, url, signedBy("operator"), "{}"); strings.Contains(answer, denied) {
				t.Errorf("the operator is answered with %s", answer)
			}
			eventually(t, "the operator's identity", func() bool {
				return strings.Contains(<-lines, `"authorizer":{"iam":{"accessKey":"operator","accountId":"000000000000","callerId":"000000000000","userArn":"arn:aws:iam::000000000000:root"`)
			})
		})
	}
}
