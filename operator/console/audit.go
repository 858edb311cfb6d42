package console

import (
	"net/http"
	"time"
)

// AuditResult is what an audit has found.
type AuditResult struct {
	Orders, Events int
	Violations     []string
}

// auditor has the result of the last audit.
type auditor struct {
	versioned

	result AuditResult
	at     time.Time
}

func (a *auditor) set(result AuditResult, at time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.result, a.at = result, at
	a.changes++
}

func (a *auditor) last() (AuditResult, time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.result, a.at
}

// auditView is what the page of the audit shows.
type auditView struct {
	AuditResult

	At      time.Time
	Running int
}

func (c *Console) auditPage(*http.Request) (page, error) {
	result, at := c.audited.last()
	return page{template: "audit", title: "Audit", body: auditView{result, at, c.Orders.Counts().Running}}, nil
}

// runAudit checks the invariants, which only reads.
func (c *Console) runAudit(w http.ResponseWriter, r *http.Request) {
	result, err := c.Audit(r.Context())
	if err != nil {
		c.page(func(*http.Request) (page, error) { return page{}, err })(w, r)
		return
	}
	c.audited.set(result, c.Clock())
	c.pulse.beat()
	http.Redirect(w, r, "/audit", http.StatusSeeOther)
}
