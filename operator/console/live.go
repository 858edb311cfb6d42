package console

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// heartbeat is the time after which an idle stream sends a comment, so that the end of a
// browser's connection is noticed.
const heartbeat = 15 * time.Second

// live streams what has changed: the event "page" if it is what the page shows (that of
// the order in the query, or any other), and "counts" if it is the numbers in the head. An
// id has the stamps of both. A page names those that it was rendered with, so that no
// change is missed between the two, nor while the connection is interrupted.
func (c *Console) live(w http.ResponseWriter, r *http.Request) {
	order, since := r.FormValue("order"), r.FormValue("since")
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		since = last
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	message := ": connected\n\n"
	for {
		next := c.pulse.wait()
		now := c.stamp(order)
		message += changes(since, now)
		since = now
		if _, err := fmt.Fprint(w, message); err != nil {
			return
		}
		if err := http.NewResponseController(w).Flush(); err != nil {
			return
		}
		message = ""
		select {
		case <-r.Context().Done():
			return
		case <-c.over: // The browser connects again, to the console that has its place.
			return
		case <-next:
		case <-beat.C:
			message = ": still here\n\n"
		}
	}
}

// changes returns the events of a stream for a new stamp.
func changes(since, now string) string {
	oldPage, oldCounts, _ := strings.Cut(since, "/")
	page, counts, _ := strings.Cut(now, "/")
	events := ""
	if counts != oldCounts {
		events += "event: counts\nid: " + now + "\ndata: " + counts + "\n\n"
	}
	if page != oldPage {
		events += "event: page\nid: " + now + "\ndata: " + page + "\n\n"
	}
	return events
}

// stamp identifies what is shown: the page of an order or, without one, any other, and
// after a slash the numbers in the head.
func (c *Console) stamp(order string) string {
	page := fmt.Sprintf("%d.%d.%d", c.started, c.Orders.Stamp(order), c.cached.stamp())
	if order != "" {
		page += fmt.Sprintf(".%d", c.history.count(order))
	} else {
		page += fmt.Sprintf(".%d.%d", c.tail.stamp(), c.chaos.stamp())
	}
	return page + fmt.Sprintf("/%d.%d.%d.%d", c.Orders.Stamp(""), c.cached.stamp(), c.audited.stamp(), c.status.stamp())
}
