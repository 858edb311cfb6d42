package cloud

import (
	"context"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"
)

// Process is a process of a function, or one that such a process has started.
type Process struct {
	PID int `json:"pid"`
	// RSSBytes is the memory it occupies.
	RSSBytes int `json:"rssBytes"`
}

// processes are the processes of this machine by their ids.
type processes map[int]listed

type listed struct{ parent, group, rssBytes int }

func listProcesses(ctx context.Context) (processes, error) {
	out, err := exec.CommandContext(ctx, "ps", "-A", "-o", "pid=,ppid=,pgid=,rss=").Output()
	if err != nil {
		return nil, fmt.Errorf("listing the processes: %w", err)
	}
	all := processes{}
	for line := range strings.Lines(string(out)) {
		var pid, kilobytes int
		var found listed
		if _, err := fmt.Sscan(line, &pid, &found.parent, &found.group, &kilobytes); err != nil {
			return nil, fmt.Errorf("listing the processes: %w", err)
		}
		found.rssBytes = kilobytes * 1024
		all[pid] = found
	}
	return all, nil
}

// of returns the processes in these groups, and all that were started by them.
func (p processes) of(groups []int) []Process {
	var found []Process
	for _, pid := range slices.Sorted(maps.Keys(p)) {
		// The ancestors of a process end with one that is not listed.
		for at, known := p[pid]; known; at, known = p[at.parent] {
			if slices.Contains(groups, at.group) {
				found = append(found, Process{PID: pid, RSSBytes: p[pid].rssBytes})
				break
			}
		}
	}
	return found
}
