package console

import (
	"fmt"
	"strings"
	"time"
)

// Banner is what to know once everything is up.
type Banner struct {
	Stack string        `json:"stack"`
	Took  time.Duration `json:"-"`
	// Orders is where orders are placed.
	Orders string `json:"ordersUrl,omitempty"`
	// OrderBody is the JSON body of an order to begin with.
	OrderBody     string `json:"-"`
	Notifications string `json:"notificationsUrl,omitempty"`
	Usage         string `json:"usageUrl"`
	Traces        string `json:"tracesUrl"`
	AWSEndpoint   string `json:"awsEndpointUrl"`
	Region        string `json:"region"`
	// Observed is the URL of the queue that gets every event, if there is one.
	Observed string `json:"observedQueueUrl,omitempty"`
}

// Ready shows how to use what is up.
func (c *Console) Ready(b Banner) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.style.Quiet {
		return
	}
	if c.style.JSON {
		c.object("ready", b)
		return
	}
	c.line("")
	c.line("%s is up, after %s. Ctrl-C stops it.", c.paint(bold, b.Stack), b.Took.Round(time.Millisecond))
	if b.Orders != "" {
		c.entry("Place an order", fmt.Sprintf("curl -i -X POST %s -H 'Content-Type: application/json' -d %s", b.Orders, quote(b.OrderBody)))
		c.entry("See how it goes, with the token of the answer", "curl -H 'Authorization: Bearer {token}' "+b.Orders+"/{orderId}")
	}
	if b.Notifications != "" {
		c.entry("See the notifications that arrived", "curl "+b.Notifications)
	}
	if b.Observed != "" {
		c.entry("Watch every event from another terminal", "make watch")
	}
	c.entry("See calls, counters and queue depths", "curl "+b.Usage)
	c.entry("See what each order went through", "curl "+b.Traces)
	c.line("")
}

func (c *Console) entry(what, command string) {
	c.line("")
	c.line("%s:", what)
	c.line("  %s", c.paint(green, command))
}

// quote makes one word of a shell's command line.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
