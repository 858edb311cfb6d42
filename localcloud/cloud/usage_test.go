package cloud_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"example.com/saga/localcloud/cloud"
)

// put makes the function write an item.
func (s stack) put(t *testing.T, key string) {
	t.Helper()
	status, answer := s.call(t, "DynamoDB_20120810.PutItem", `{"TableName": "`+s.where.Tables["Table"]+`", "Item": {"pk": {"S": "`+key+`"}}}`)
	if status != http.StatusOK {
		t.Fatalf("the item %s is answered %d %s", key, status, answer)
	}
}

func TestTheCallsOfAFunctionAreCountedByActionAndThoseOfAnOperatorAreNot(t *testing.T) {
	s := start(t, nil)
	s.put(t, "1")
	s.put(t, "charge#1")
	s.call(t, "AmazonSQS.SendMessage", "{}") // A refused call is a call.
	s.publish(t, "other", "{}")
	usage := s.Usage(t.Context())
	want := map[string]int{"dynamodb:PutItem": 2, "sqs:SendMessage": 1}
	if diff := cmp.Diff(want, usage.Functions["Shop/Worker"].Calls); diff != "" {
		t.Errorf("the calls (-want +got):\n%s", diff)
	}
	one := cloud.TableUsage{Calls: map[string]int{"PutItem": 1}, WriteUnits: 1}
	both := cloud.TableUsage{Calls: map[string]int{"PutItem": 2}, WriteUnits: 2, Kinds: map[string]cloud.TableUsage{"charge": one}}
	if diff := cmp.Diff(both, usage.Tables["Table"], cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("the table (-want +got):\n%s", diff)
	}
}

func TestWhatAWSBillsOfAnEventIsCounted(t *testing.T) {
	s := start(t, nil)
	s.publish(t, "queued", `{"id": "1"}`)
	s.publish(t, "inner", `{"text": "`+strings.Repeat("x", 64<<10)+`"}`)
	s.publish(t, "notify", `{"id": "2"}`)
	s.publish(t, "logged", `{"id": "3"}`)
	usage := s.Usage(t.Context())
	if got, want := usage.Buses["Bus"], (cloud.BusUsage{Events: 4, Chunks: 5}); got != want {
		t.Errorf("the bus has %+v, want %+v", got, want)
	}
	if got, want := usage.Buses["Inner"], (cloud.BusUsage{Events: 1, Chunks: 2}); got != want {
		t.Errorf("the bus that events are forwarded to has %+v, want %+v", got, want)
	}
	if got := usage.Destinations["Destination"]; got != 1 {
		t.Errorf("the API destination has %d requests, want 1", got)
	}
	if queue := usage.Queues["Shop/Queue"]; queue.Sends != 1 || queue.Receives != 1 || queue.Deletes != 1 {
		t.Errorf("the queue has %+v, want a send, a receive and a delete", queue)
	}
	if logs := usage.LogGroups["Events"]; logs.Events != 1 || logs.Bytes < int64(len(`{"id":"3"}`)) {
		t.Errorf("the event log has %+v, want one event", logs)
	}
	worker := usage.Functions["Shop/Worker"]
	if worker.Invocations != 2 || worker.BilledMilliseconds < 2 || worker.MemoryMB != 128 {
		t.Errorf("the function has %+v, want two invocations of a millisecond at least, with 128 MB", worker)
	}
	if len(worker.InitMilliseconds) != 1 || worker.InitMilliseconds[0] <= 0 {
		t.Errorf("its processes took %v ms to start, want one time", worker.InitMilliseconds)
	}
}

func TestALatencyDelaysTheCallsOfFunctionsToThatServiceAlone(t *testing.T) {
	const latency = 300 * time.Millisecond
	config := configOf(assembled(t, nil))
	config.Latency = map[string]time.Duration{"dynamodb": latency}
	s := startWith(t, config)
	took := func(call func()) time.Duration {
		began := time.Now()
		call()
		return time.Since(began)
	}
	if got := took(func() { s.put(t, "1") }); got < latency {
		t.Errorf("a call by a function took %s", got)
	}
	if got := took(func() { s.call(t, "AmazonSQS.SendMessage", "{}") }); got >= latency {
		t.Errorf("a call to another service took %s", got)
	}
	if got := took(func() {
		request(t, http.MethodPost, s.where.AWSEndpointURL, http.Header{
			"X-Amz-Target":  {"DynamoDB_20120810.ListTables"},
			"Authorization": {"AWS4-HMAC-SHA256 Credential=operator/20261122/eu-west-1/x/aws4_request, SignedHeaders=host, Signature=0"},
		}, "{}")
	}); got >= latency {
		t.Errorf("a call by an operator took %s", got)
	}
}

func TestATransactionThatALatencyLetsLastConflictsWithWrites(t *testing.T) {
	config := configOf(assembled(t, nil))
	config.Latency = map[string]time.Duration{"dynamodb": 500 * time.Millisecond}
	s := startWith(t, config)
	put := `{"TableName": "` + s.where.Tables["Table"] + `", "Item": {"pk": {"S": "1"}}}`
	done := make(chan string, 1)
	go func() {
		_, answer := s.call(t, "DynamoDB_20120810.TransactWriteItems", `{"TransactItems": [{"Put": `+put+`}]}`)
		done <- answer
	}()
	for {
		_, answer := request(t, http.MethodPost, s.where.AWSEndpointURL, http.Header{
			"X-Amz-Target":  {"DynamoDB_20120810.PutItem"},
			"Authorization": {"AWS4-HMAC-SHA256 Credential=operator/20261122/eu-west-1/x/aws4_request, SignedHeaders=host, Signature=0"},
		}, put)
		if strings.Contains(answer, "TransactionConflictException") {
			break
		}
		select {
		case answer := <-done:
			t.Fatalf("no write conflicts until the transaction is answered %s", answer)
		case <-time.After(10 * time.Millisecond):
		}
	}
	if answer := <-done; answer != "{}" {
		t.Errorf("the transaction is answered %s", answer)
	}
}
