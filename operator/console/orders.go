package console

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"example.com/saga/operator/orderapi"
	"example.com/saga/operator/orderlist"
)

// pageSize is how many orders a page shows.
const pageSize = 50

// ordersView is what the page of the orders shows.
type ordersView struct {
	Samples []sampleView
	// Blocked is why no order can be placed here, or "".
	Blocked string
	Filters []filterView
	Rows    []rowView
	Total   int
	// Newer and Older are the addresses of the pages before and after this one, or "".
	Newer, Older string
}

// sampleView is a button that places an order, with its command for a shell.
type sampleView struct {
	orderapi.Sample

	Curl string
}

// filterView is a link that selects orders.
type filterView struct {
	Name, URL string
	Selected  bool
}

// rowView is a row of the table.
type rowView struct {
	orderlist.Row

	// Took is how long the order took, or has taken so far.
	Took time.Duration
	// DeadLetter reports whether there is a dead letter about the order.
	DeadLetter bool
	Dots       [5]dotView
}

// dotView is the dot of a step, at a place in its picture.
type dotView struct {
	Name string
	Step orderlist.Step
	X    int
}

func dots(row orderlist.Row) (all [5]dotView) {
	for i, name := range orderlist.StepNames() {
		all[i] = dotView{name, row.Steps[i], 7 + 14*i}
	}
	return all
}

// filter selects orders by its name.
type filter struct {
	name    string
	matches func(orderlist.Row) bool
}

func filters(stopped map[string]bool) []filter {
	return []filter{
		{"all", nil},
		{"running", func(r orderlist.Row) bool { return !r.Ended() }},
		{"shipped", func(r orderlist.Row) bool { return r.Status == "shipped" }},
		{"cancelled", func(r orderlist.Row) bool { return r.Status == "cancelled" }},
		{"dead letters", func(r orderlist.Row) bool { return stopped[r.ID] }},
	}
}

func (c *Console) ordersPage(r *http.Request) (page, error) {
	stopped := c.cached.orders()
	all := filters(stopped)
	selected := max(slices.IndexFunc(all, func(f filter) bool { return f.name == r.FormValue("show") }), 0)
	number, err := strconv.Atoi(r.FormValue("page"))
	if err != nil || number < 1 {
		number = 1
	}
	rows, total := c.Orders.Page(all[selected].matches, (number-1)*pageSize, pageSize)
	view := ordersView{Total: total}
	if view.Samples, view.Blocked, err = c.samples(); err != nil {
		return page{}, err
	}
	for i, f := range all {
		view.Filters = append(view.Filters, filterView{f.name, ordersURL(f.name, 1), i == selected})
	}
	for _, row := range rows {
		view.Rows = append(view.Rows, rowView{row, c.took(row), stopped[row.ID], dots(row)})
	}
	if number > 1 {
		view.Newer = ordersURL(all[selected].name, number-1)
	}
	if number*pageSize < total {
		view.Older = ordersURL(all[selected].name, number+1)
	}
	return page{template: "orders", title: "Orders", body: view}, nil
}

// took returns how long an order took, or has taken so far.
func (c *Console) took(row orderlist.Row) time.Duration {
	end := row.EndedAt
	if end.IsZero() {
		end = c.Clock()
	}
	if row.PlacedAt.IsZero() {
		return 0
	}
	return max(end.Sub(row.PlacedAt), 0)
}

func ordersURL(show string, number int) string {
	query := url.Values{}
	if show != "all" {
		query.Set("show", show)
	}
	if number > 1 {
		query.Set("page", strconv.Itoa(number))
	}
	return "/?" + query.Encode()
}

// samples returns the buttons, or why there are none.
func (c *Console) samples() (views []sampleView, blocked string, err error) {
	switch {
	case c.API == nil:
		return nil, "The order API requires IAM signatures, so orders are not placed here.", nil
	case c.ReadOnly:
		return nil, "This console is read-only: start it with -write to place orders.", nil
	}
	for _, sample := range orderapi.Samples() {
		curl, err := sample.Curl(c.API.URL)
		if err != nil {
			return nil, "", err
		}
		views = append(views, sampleView{sample, curl})
	}
	return views, "", nil
}

// place places the sample that the form names.
func (c *Console) place(r *http.Request) (outcome, error) {
	all := orderapi.Samples()
	i := slices.IndexFunc(all, func(s orderapi.Sample) bool { return s.Name == r.FormValue("sample") })
	if i < 0 || c.API == nil {
		return outcome{}, fmt.Errorf("there is no sample %q", r.FormValue("sample"))
	}
	id, err := c.API.Place(r.Context(), all[i])
	if id != "" {
		c.Orders.Touch(id)
	}
	return outcome{Text: "Placed", Order: id}, err
}
