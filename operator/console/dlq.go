package console

import (
	"errors"
	"html/template"
	"net/http"
	"slices"

	"example.com/saga/operator/dlq"
	"example.com/saga/operator/orderview"
)

// errNoAPI means that the order API requires IAM signatures.
var errNoAPI = errors.New("the order API requires IAM signatures")

// dlqView is what the page of the dead letters shows.
type dlqView struct {
	Queues []queueView
	// Hidden is how many dead letters cannot be received now.
	Hidden   int
	ReadOnly bool
	// Order is the order whose dead letters are shown, or "" for all.
	Order string
}

// queueView is the dead letters of a queue, by their reasons.
type queueView struct {
	Name   string
	Count  int
	Groups []groupView
}

// groupView is the dead letters with the same reason.
type groupView struct {
	Why string
	// Advice is what the runbook says about the reason.
	Advice      template.HTML
	DeadLetters []deadLetterView
}

type deadLetterView struct {
	dlq.DeadLetter

	Age string
}

func (c *Console) deadLettersPage(r *http.Request) (page, error) {
	all := c.cached.all()
	view := dlqView{Hidden: max(c.cached.total()-len(all), 0), ReadOnly: c.ReadOnly, Order: r.FormValue("order")}
	for _, d := range all {
		if view.Order == "" || d.Event.Order == view.Order {
			view.add(deadLetterView{d, orderview.Span(c.Clock().Sub(d.Sent))}, c.Advise)
		}
	}
	return page{template: "dlq", title: "Dead letters", body: view}, nil
}

// add puts a dead letter to those of its queue with the same reason.
func (v *dlqView) add(d deadLetterView, advise func(reason string) template.HTML) {
	q := slices.IndexFunc(v.Queues, func(q queueView) bool { return q.Name == d.Queue })
	if q < 0 {
		q = len(v.Queues)
		v.Queues = append(v.Queues, queueView{Name: d.Queue})
	}
	queue := &v.Queues[q]
	queue.Count++
	g := slices.IndexFunc(queue.Groups, func(g groupView) bool { return g.Why == d.Why() })
	if g < 0 {
		g = len(queue.Groups)
		queue.Groups = append(queue.Groups, groupView{Why: d.Why(), Advice: advise(d.Reason)})
	}
	queue.Groups[g].DeadLetters = append(queue.Groups[g].DeadLetters, d)
}

// redrive sends the dead letter with an id in the form to its original destination, or
// all of the queue.
func (c *Console) redrive(r *http.Request) (outcome, error) {
	queue, dryRun := r.FormValue("queue"), r.FormValue("dry-run") != ""
	results, err := c.DeadLetters.Redrive(r.Context(), queue, r.FormValue("id"), dryRun)
	if dryRun {
		return outcome{Text: "Dry run, nothing is changed:", Results: results}, err
	}
	c.cached.outdate(queue)
	return outcome{Text: "Redriven from " + queue + ":", Results: results}, err
}

// discard deletes the dead letter with an id in the form.
func (c *Console) discard(r *http.Request) (outcome, error) {
	queue, id := r.FormValue("queue"), r.FormValue("id")
	if id == "" {
		return outcome{}, errors.New("name the dead letter to discard")
	}
	results, err := c.DeadLetters.Discard(r.Context(), queue, id)
	c.cached.outdate(queue)
	return outcome{Text: "Discarded from " + queue + ":", Results: results}, err
}
