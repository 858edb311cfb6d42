package console

import (
	"net/http"
	"time"

	"example.com/saga/operator/orderlist"
)

// countsView is the numbers in the head of each page.
type countsView struct {
	orderlist.Counts

	Ready       bool
	Problem     string
	DeadLetters int
	// Audited is when the last audit was, or zero.
	Audited    time.Time
	Violations int
}

func (c *Console) counts() countsView {
	result, at := c.audited.last()
	return countsView{
		Counts: c.Orders.Counts(), Ready: c.status.ready(), Problem: c.status.problem(),
		DeadLetters: c.cached.total(), Audited: at, Violations: len(result.Violations),
	}
}

func (c *Console) showCounts(w http.ResponseWriter, r *http.Request) {
	c.render(w, r, http.StatusOK, "message", "counts", c.counts())
}
