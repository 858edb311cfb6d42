package console

import (
	"fmt"
	"strings"

	"example.com/saga/localcloud/loss"
)

// Loss shows what is lost, in every style.
func (c *Console) Loss(l loss.Loss) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.style.JSON {
		c.object("loss", l)
		return
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%-8s  %s %s", "LOST", l.Kind, l.Name)
	if l.Target != "" {
		fmt.Fprintf(&text, " to %s", l.Target)
	}
	fmt.Fprintf(&text, ": %s", l.Reason)
	for _, member := range [][2]string{{"type", l.Type}, {"id", l.ID}, {"subject", l.Subject}} {
		if member[1] != "" {
			fmt.Fprintf(&text, " %s=%s", member[0], member[1])
		}
	}
	c.line("%s  %s", clock(l.Time), c.paint(red, text.String()))
}
