package hotel_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/uuid"

	"example.com/saga/pkg/awsconfig"
	"example.com/saga/pkg/dynamo"

	"example.org/hotel"
	"example.org/hotel/booking"
	"example.org/hotel/payment"
	"example.org/hotel/room"
)

// rooms is how many doubles the front desk opens.
const rooms = 50

// patience is how long a test waits for a condition.
const patience = 2 * time.Minute

// cloud is the hotel on a local cloud.
type cloud struct {
	t     *testing.T
	ready struct {
		AWSEndpointURL string `json:"awsEndpointUrl"`
		Region         string
		FunctionURLs   map[string]string `json:"functionUrls"`
		Tables         map[string]string
		FaultsURL      string `json:"faultsUrl"`
		UsageURL       string `json:"usageUrl"`
	}
	client     *dynamodb.Client
	vocabulary dynamo.Vocabulary
}

// start starts a local cloud with what make assembly has made.
func start(t *testing.T) *cloud {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ready.json")
	command := exec.CommandContext(t.Context(), "../../dist/local/localcloud", "up", "--assembly", "cdk.out", "--quiet", "--port", "0",
		"--ready-file", file, "--schedule-every", "1s", "--redeliver-after", "1s", "--setup", fmt.Sprintf("dist/local/frontdesk double=%d", rooms))
	command.Stderr = os.Stderr
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	if err := command.Start(); err != nil {
		t.Fatalf("%v: run make assembly", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	c := &cloud{t: t}
	c.await("the local cloud is up", func() bool {
		select {
		case err := <-ended:
			t.Fatalf("the local cloud has ended: %v", err)
		default:
		}
		encoded, err := os.ReadFile(file)
		return err == nil && json.Unmarshal(encoded, &c.ready) == nil
	})
	t.Cleanup(func() { <-ended })
	c.client = dynamodb.NewFromConfig(awsconfig.At(c.ready.AWSEndpointURL, c.ready.Region))
	var err error
	if c.vocabulary, err = dynamo.NewVocabulary(hotel.Catalogue().Words()...); err != nil {
		t.Fatal(err)
	}
	return c
}

// await waits for a condition.
func (c *cloud) await(what string, holds func() bool) {
	c.t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			c.t.Fatalf("not within %s: %s", patience, what)
		}
	}
}

// change changes faults, and which functions are paused.
func (c *cloud) change(document string) {
	c.t.Helper()
	if status := c.send(http.MethodPut, c.ready.FaultsURL, "", document); status != http.StatusOK {
		c.t.Fatalf("%s: %d", document, status)
	}
}

// request requests a booking once, as a guest does who does not try again, and returns the
// status of the answer.
func (c *cloud) request(guest, room string) int {
	c.t.Helper()
	url := strings.TrimSuffix(c.ready.FunctionURLs["Booking/Api"], "/") + "/bookings"
	return c.send(http.MethodPost, url, uuid.NewString(), fmt.Sprintf(`{"guest": %q, "room": %q, "price": 12000}`, guest, room))
}

func (c *cloud) send(method, url, key, body string) int {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		c.t.Fatal(err)
	}
	defer answer.Body.Close()
	return answer.StatusCode
}

// requestAll requests bookings of several guests, and returns how many were not taken.
func (c *cloud) requestAll(n int, guest, room string) (failed int) {
	c.t.Helper()
	for i := range n {
		if c.request(fmt.Sprint(guest, "-", i), room) != http.StatusAccepted {
			failed++
		}
	}
	return failed
}

// scan returns what is in the table of a context.
func (c *cloud) scan(name string) dynamo.Contents {
	c.t.Helper()
	contents, err := dynamo.Scan(c.t.Context(), c.client, c.ready.Tables[name+"/Table"], c.vocabulary)
	if err != nil {
		c.t.Fatal(err)
	}
	return contents
}

// states returns the states in the table of a context by subject.
func states[S any](c *cloud, name string) map[string]S {
	c.t.Helper()
	all := make(map[string]S)
	for subject, record := range c.scan(name).Records {
		var state S
		if err := json.Unmarshal(record.State, &state); err != nil {
			c.t.Fatal(err)
		}
		all[subject] = state
	}
	return all
}

// count returns how many bookings have a status.
func (c *cloud) count(status booking.Status) (n int) {
	c.t.Helper()
	for _, state := range states[booking.State](c, "Booking") {
		if state.Status == status {
			n++
		}
	}
	return n
}

// hasEnded reports whether every booking has ended and nothing is on its way any more.
func (c *cloud) hasEnded() bool {
	for _, state := range states[booking.State](c, "Booking") {
		if !state.HasEnded() {
			return false
		}
	}
	return true
}

// TestEveryBookingEndsAlthoughProcessesAreKilled kills the API after the commit of every
// booking and before its publication, then any process at any call, and then lets bookings
// wait for the payment until their deadline.
func TestEveryBookingEndsAlthoughProcessesAreKilled(t *testing.T) {
	c := start(t)
	c.change(`{"faults": {"kill-after-call": 1}}`)
	if failed := c.requestAll(22, "killed", "double"); failed != 22 {
		t.Errorf("%d of 22 requests failed, although the API is killed after each commit", failed)
	}
	if committed := len(c.scan("Booking").Records); committed != 22 {
		t.Fatalf("%d of 22 bookings are committed", committed)
	}
	// A record is that of the rooms. A process that is killed late can still publish.
	if published := len(c.scan("Room").Records) - 1; published == 22 {
		t.Fatal("all bookings are published, although the API is killed before")
	}

	c.change(`{"faults": {"kill-after-call": 0.03, "kill-before-call": 0.03}}`)
	c.requestAll(12, "guest", "double")
	c.requestAll(6, "declined", "double")
	c.requestAll(3, "guest", "attic")
	c.await("every booking has ended", c.hasEnded)

	c.change(`{"paused": {"Payment/Worker": true}}`)
	c.requestAll(4, "late", "double")
	c.await("a booking is withdrawn at its deadline", func() bool { return c.count(booking.Withdrawing) > 0 })
	c.change(`{"paused": {"Payment/Worker": false}}`)
	c.await("every booking has ended", c.hasEnded)

	c.change(`{"faults": {"kill-after-call": 0, "kill-before-call": 0}}`)
	c.await("nothing is on its way", c.isIdle)
	c.audit()
}

// isIdle reports whether no event is on its way.
func (c *cloud) isIdle() bool {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, c.ready.UsageURL, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		c.t.Fatal(err)
	}
	defer answer.Body.Close()
	var usage struct{ Idle bool }
	if err := json.NewDecoder(answer.Body).Decode(&usage); err != nil {
		c.t.Fatal(err)
	}
	return usage.Idle
}

// audit checks that a confirmed booking has a room and a charge, a refused one has neither,
// and no room is lost or held twice.
func (c *cloud) audit() {
	c.t.Helper()
	held, charged := states[room.State](c, "Room"), states[payment.State](c, "Payment")
	outcomes := make(map[booking.Status]int)
	for id, state := range states[booking.State](c, "Booking") {
		outcomes[state.Status]++
		isHeld, isCharged := held[id].Status == room.Held, charged[id].Status == payment.Charged
		if isConfirmed := state.Status == booking.Confirmed; isHeld != isConfirmed || isCharged != isConfirmed {
			c.t.Errorf("%s is %s, and has a room: %t, and a charge: %t", id, state.Status, isHeld, isCharged)
		}
	}
	free := c.scan("Room").Counters[room.Item("double")][room.Free]
	if confirmed := outcomes[booking.Confirmed]; int64(confirmed)+free != rooms || confirmed < 22 || outcomes[booking.Refused] == 0 {
		c.t.Errorf("of %d rooms %d are free, and the bookings are %v", rooms, free, outcomes)
	}
}
