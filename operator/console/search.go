package console

import (
	"net/http"
	"net/url"
	"strings"
)

// search leads to the order with an id, or the beginning of one, or to that of an event
// or a trace.
func (c *Console) search(w http.ResponseWriter, r *http.Request) {
	text := strings.TrimSpace(r.FormValue("q"))
	found, err := c.find(r, text)
	if err == nil && found != "" {
		http.Redirect(w, r, "/orders/"+url.PathEscape(found), http.StatusSeeOther)
		return
	}
	c.page(func(*http.Request) (page, error) {
		return message(http.StatusNotFound, "Nothing found", "No order, event or trace has the id "+text+"."), err
	})(w, r)
}

// find returns the id of an order, or "".
func (c *Console) find(r *http.Request, text string) (string, error) {
	if text == "" {
		return "", nil
	}
	if row, known := c.Orders.Find(text); known {
		return row.ID, nil
	}
	return c.FindOrder(r.Context(), traceText(text))
}

// traceText returns the trace id as events have it, in a traceparent, if a text is one as
// X-Ray has it: 1-67891233-abcdef012345678912345678.
func traceText(text string) string {
	parts := strings.Split(text, "-")
	if len(parts) == 3 && parts[0] == "1" && len(parts[1]) == 8 && len(parts[2]) == 24 {
		return parts[1] + parts[2]
	}
	return text
}
