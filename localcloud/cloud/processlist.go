package cloud

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// Process is a process of a function.
type Process struct {
	PID int `json:"pid"`
	// RSSBytes is the memory it occupies.
	RSSBytes int `json:"rssBytes"`
}

// childProcesses returns the processes that this one has started, by the paths
// of their executables.
func childProcesses(ctx context.Context) (map[string][]Process, error) {
	out, err := exec.CommandContext(ctx, "ps", "-A", "-o", "ppid=,pid=,rss=,args=").Output()
	if err != nil {
		return nil, fmt.Errorf("listing the processes: %w", err)
	}
	parent := strconv.Itoa(os.Getpid())
	found := map[string][]Process{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if len(fields) < 4 || fields[0] != parent {
			continue
		}
		pid, err := strconv.Atoi(fields[1])
		if err != nil {
			return nil, fmt.Errorf("listing the processes: %w", err)
		}
		kilobytes, err := strconv.Atoi(fields[2])
		if err != nil {
			return nil, fmt.Errorf("listing the processes: %w", err)
		}
		// A path may contain spaces; the functions have no arguments.
		path := strings.TrimSpace(line[strings.Index(line, fields[3]):])
		found[path] = append(found[path], Process{PID: pid, RSSBytes: kilobytes * 1024})
	}
	return found, nil
}
