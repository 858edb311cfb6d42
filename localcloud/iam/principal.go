package iam

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"example.com/saga/localcloud/unsupported"
)

// principals are the principals that a statement of a resource's policy is about.
type principals struct {
	everyone bool
	services []string
	accounts []string
	arns     []string
}

// parsePrincipals returns nil for a statement without a Principal.
func parsePrincipals(text json.RawMessage) (*principals, error) {
	if text == nil {
		return nil, nil //nolint:nilnil // An identity's policy names no principal.
	}
	var everyone string
	if err := json.Unmarshal(text, &everyone); err == nil {
		if everyone != "*" {
			return nil, fmt.Errorf("the Principal %q is not *", everyone)
		}
		return &principals{everyone: true}, nil
	}
	var kinds map[string]json.RawMessage
	if err := json.Unmarshal(text, &kinds); err != nil {
		return nil, fmt.Errorf("the Principal: %w", err)
	}
	parsed := &principals{}
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		names, err := texts(kinds[kind])
		if err != nil {
			return nil, fmt.Errorf("the Principal %s: %w", kind, err)
		}
		switch kind {
		case "Service":
			parsed.services = names
		case "AWS":
			for _, name := range names {
				parsed.add(name)
			}
		default:
			return nil, unsupported.Errorf("principals of the kind %s are not supported", kind)
		}
	}
	return parsed, nil
}

func (p *principals) add(name string) {
	switch {
	case name == "*":
		p.everyone = true
	case !strings.Contains(name, ":"):
		p.accounts = append(p.accounts, name)
	case strings.HasSuffix(name, ":root"):
		p.accounts = append(p.accounts, accountOf(name))
	default:
		p.arns = append(p.arns, name)
	}
}

// include reports whether the principal is one of these.
//
// A denial of an account is one of every identity in it. A permission for an
// account is one for its root only; the account may grant it to its identities
// by their own policies.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-accounts
func (p *principals) include(principal string, allow bool) bool {
	inAccount := slices.Contains(p.accounts, accountOf(principal))
	return p.everyone ||
		slices.Contains(p.services, principal) ||
		slices.Contains(p.arns, principal) ||
		inAccount && (!allow || strings.HasSuffix(principal, ":root"))
}

func accountOf(arn string) string {
	parts := strings.SplitN(arn, ":", arnParts)
	if len(parts) < arnParts {
		return ""
	}
	return parts[4]
}
