package environment

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Accounts as they are shipped: nobody's, to be replaced by a team's own.
const (
	stagingPlaceholder = "111111111111"
	prodPlaceholder    = "222222222222"
)

// Deployable refuses settings that are still as they were shipped, by name.
// They are valid, and can be synthesized and tested.
func (s Settings) Deployable() error {
	if s.Name == "local" {
		return errors.New("the local environment runs on this machine: make run")
	}
	var shipped []string
	if s.Account == stagingPlaceholder || s.Account == prodPlaceholder {
		shipped = append(shipped, fmt.Sprintf("Account (%s)", s.Account))
	}
	if endpoint, err := url.Parse(s.NotificationsURL); err == nil && isExample(endpoint.Hostname()) {
		shipped = append(shipped, fmt.Sprintf("NotificationsURL (%s)", s.NotificationsURL))
	}
	if _, host, named := strings.Cut(s.AlarmAddress, "@"); named && isExample(host) {
		shipped = append(shipped, fmt.Sprintf("AlarmAddress (%s)", s.AlarmAddress))
	}
	if len(shipped) > 0 {
		return fmt.Errorf("environment %s still has placeholders in infra/environment/environment.go: set your own %s",
			s.Name, strings.Join(shipped, " and "))
	}
	return nil
}

// isExample recognizes the domain that is reserved for examples (RFC 2606), and
// its subdomains.
func isExample(host string) bool {
	return host == "example.com" || strings.HasSuffix(host, ".example.com")
}
