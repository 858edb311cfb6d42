// Command worker is the function of the test stack. It makes the API call in
// its event, with the credentials of its role.
package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

// task is what to do for an event.
type task struct {
	Fail   bool            `json:"fail"`
	Target string          `json:"target"`
	Body   json.RawMessage `json:"body"`
	// Form is the body in the query protocol of a Service, instead of JSON.
	Form    string `json:"form"`
	Service string `json:"service"`
}

func main() {
	if err := work(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func work() error {
	runtime := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/"
	for {
		next, err := http.Get(runtime + "next")
		if err != nil {
			return err
		}
		fmt.Println("trace", next.Header.Get("Lambda-Runtime-Trace-Id"), "to", os.Getenv("AWS_XRAY_DAEMON_ADDRESS"))
		event, err := io.ReadAll(next.Body)
		if err != nil {
			return err
		}
		answer, err := json.Marshal(handle(event))
		if err != nil {
			return err
		}
		id := next.Header.Get("Lambda-Runtime-Aws-Request-Id")
		if _, err := http.Post(runtime+id+"/response", "application/json", bytes.NewReader(answer)); err != nil {
			return err
		}
	}
}

func handle(event []byte) any {
	var given struct {
		Records []struct {
			MessageID string `json:"messageId"`
			Body      string `json:"body"`
		}
		Detail         task           `json:"detail"`
		RequestContext map[string]any `json:"requestContext"`
		Body           string         `json:"body"`
	}
	fmt.Println("event", string(event))
	if err := json.Unmarshal(event, &given); err != nil {
		return map[string]string{"error": err.Error()}
	}
	if given.Detail.Fail {
		os.Exit(1)
	}
	if given.RequestContext != nil {
		status, answer := call(decode(given.Body))
		return map[string]any{"statusCode": status, "body": answer}
	}
	failures := []map[string]string{}
	for _, record := range given.Records {
		if decode(record.Body).Fail {
			failures = append(failures, map[string]string{"itemIdentifier": record.MessageID})
		}
	}
	return map[string]any{"batchItemFailures": failures}
}

func decode(text string) (given task) {
	if err := json.Unmarshal([]byte(text), &given); err != nil {
		fmt.Println(err)
	}
	return given
}

func call(given task) (int, string) {
	request, err := http.NewRequest(http.MethodPost, os.Getenv("AWS_ENDPOINT_URL"), strings.NewReader(cmp.Or(given.Form, string(given.Body))))
	if err != nil {
		return http.StatusInternalServerError, err.Error()
	}
	request.Header.Set("X-Amz-Target", given.Target)
	if given.Form != "" {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+os.Getenv("AWS_ACCESS_KEY_ID")+"/20261122/eu-west-1/"+cmp.Or(given.Service, "x")+"/aws4_request, SignedHeaders=host, Signature=0")
	request.Header.Set("X-Amz-Security-Token", os.Getenv("AWS_SESSION_TOKEN"))
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return http.StatusInternalServerError, err.Error()
	}
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return http.StatusInternalServerError, err.Error()
	}
	return answer.StatusCode, string(text)
}
