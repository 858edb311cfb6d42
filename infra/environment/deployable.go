package environment

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Placeholders: accounts that do not exist, to be replaced by a team's own.
const (
	stagingPlaceholder = "111111111111"
	prodPlaceholder    = "222222222222"
)

// Deployable returns an error that names the settings which still have their
// placeholders. Those are valid, and can be synthesized and tested.
func (s Settings) Deployable() error {
	if s.Name == "local" {
		return errors.New("the local environment runs on this machine: make run")
	}
	var placeholders []string
	if s.Account == stagingPlaceholder || s.Account == prodPlaceholder {
		placeholders = append(placeholders, fmt.Sprintf("Account (%s)", s.Account))
	}
	if endpoint, err := url.Parse(s.NotificationsURL); err == nil && isExample(endpoint.Hostname()) {
		placeholders = append(placeholders, fmt.Sprintf("NotificationsURL (%s)", s.NotificationsURL))
	}
	if _, host, named := strings.Cut(s.AlarmAddress, "@"); named && isExample(host) {
		placeholders = append(placeholders, fmt.Sprintf("AlarmAddress (%s)", s.AlarmAddress))
	}
	if len(placeholders) > 0 {
		return fmt.Errorf("environment %s still has placeholders in infra/environment/environment.go: set your own %s",
			s.Name, strings.Join(placeholders, " and "))
	}
	return nil
}

// isExample reports whether a host is in the domain that is reserved for examples
// (RFC 2606).
func isExample(host string) bool {
	return host == "example.com" || strings.HasSuffix(host, ".example.com")
}
