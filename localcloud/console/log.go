package console

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// LogLine is a line that a function has logged and that needs attention.
type LogLine struct {
	Time     time.Time      `json:"time"`
	Function string         `json:"function"`
	Level    string         `json:"level"`
	Message  string         `json:"message"`
	Members  map[string]any `json:"members,omitempty"`
}

// Log shows a function's line if it is a warning or an error.
func (c *Console) Log(at time.Time, function, text string) {
	entry, shown := attention(at, function, text)
	if c.style.Quiet || !shown {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.style.JSON {
		c.object("log", entry)
		return
	}
	with := yellow
	if entry.Level == "ERROR" {
		with = red
	}
	var members strings.Builder
	for _, name := range slices.Sorted(maps.Keys(entry.Members)) {
		fmt.Fprintf(&members, " %s=%v", name, entry.Members[name])
	}
	c.line("%s  %s  %s: %s%s", clock(at), c.paint(with, fmt.Sprintf("%-8s", entry.Level)),
		c.paint(plain, function), c.paint(plain, entry.Message), c.paint(faint, members.String()))
}

// attention reads a structured log line. A line that is none is shown only if
// it tells of a crash.
func attention(at time.Time, function, text string) (LogLine, bool) {
	entry := LogLine{Time: at, Function: function}
	members := map[string]any{}
	if json.Unmarshal([]byte(text), &members) != nil {
		entry.Level, entry.Message = "ERROR", strings.TrimSpace(text)
		return entry, tellsOfCrash(text)
	}
	entry.Level, _ = members["level"].(string)
	entry.Message, _ = members["msg"].(string)
	for _, name := range []string{"level", "msg", "time"} {
		delete(members, name)
	}
	entry.Members = members
	return entry, entry.Level == "WARN" || entry.Level == "ERROR"
}

func tellsOfCrash(text string) bool {
	for _, sign := range []string{"panic:", "fatal error:", "Task timed out", "Runtime exited"} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
}
