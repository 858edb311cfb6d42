// Package activity reads what happens in a local cloud, from the stream at the
// activityUrl of its ready file.
package activity

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Notice is something that has happened. Attempt, Ended and Missed are set by its kind;
// any other notice has only an id.
type Notice struct {
	ID      string
	Attempt *Attempt
	Ended   *Ending
	Missed  *Gap
}

// Attempt is one attempt of a function: at events, or at a synchronous invocation.
type Attempt struct {
	Time     time.Time
	Function string
	Request  string
	// Attempts is how many there are at most, or 0.
	Attempts int
	Parts    []Part
	Reason   string
}

// Part is an event of an attempt. Subject is that of the CloudEvent, or "".
type Part struct {
	ID, Type, Subject string
	Attempt           int
	Failed            bool
}

// Ending is the unexpected end of a process during a request.
type Ending struct{ Request, Reason string }

// Gap is that notices are missing: they are not kept any more, or of an earlier run.
type Gap struct{ Count int }

// Client is a client of a local cloud.
type Client struct{ URL string }

// Follow calls ready once the stream is open, and see for each notice after the one with
// an id. It returns when the stream or ctx ends.
func (c *Client) Follow(ctx context.Context, last string, ready func(), see func(Notice)) (err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL, http.NoBody)
	if err != nil {
		return err
	}
	if last != "" {
		request.Header.Set("Last-Event-ID", last)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, answer.Body.Close()) }()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the local cloud answers %s", answer.Status)
	}
	ready()
	return read(bufio.NewScanner(answer.Body), see)
}

// most is the size of the longest line: a batch of 10,000 messages has a part for each.
const most = 8 << 20

// read reads server-sent events, each of one line of data.
func read(lines *bufio.Scanner, see func(Notice)) error {
	lines.Buffer(nil, most)
	var id, kind string
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "id":
			id = value
		case "event":
			kind = value
		case "data":
			notice, err := decode(kind, value)
			if err != nil {
				return fmt.Errorf("read what happens in the local cloud: %w", err)
			}
			notice.ID = id
			see(notice)
		}
	}
	return lines.Err()
}

func decode(kind, data string) (n Notice, err error) {
	switch kind {
	case "attempt":
		err = json.Unmarshal([]byte(data), &n.Attempt)
	case "processEnded":
		err = json.Unmarshal([]byte(data), &n.Ended)
	case "missed":
		err = json.Unmarshal([]byte(data), &n.Missed)
	}
	return n, err
}
