// Package secretsmanager is Secrets Manager, as far as a rotation by hand needs
// it: a secret has versions, and staging labels for the current, the pending
// and the previous one.
package secretsmanager

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"example.com/saga/localcloud/wire"
)

// The staging labels that Secrets Manager moves by itself.
const (
	current  = "AWSCURRENT"
	previous = "AWSPREVIOUS"
)

// Config is what a Service needs. Clock is required.
type Config struct {
	Clock func() time.Time
	// Authorize decides on calls; nil allows everything.
	Authorize wire.Authorize
}

// Service keeps secrets in memory.
type Service struct {
	config Config

	mu      sync.Mutex
	secrets map[string]*secret
}

type secret struct {
	name, arn string
	// versions are never removed; without a label AWS may remove one.
	versions map[string]version
	// stages are the ids of versions by staging label.
	stages map[string]string
}

type version struct {
	value   string
	created time.Time
}

// New returns a service without secrets.
func New(config Config) *Service {
	return &Service{config: config, secrets: map[string]*secret{}}
}

// Create creates a secret with its first version.
func (s *Service) Create(name, arn, value string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.secrets[arn] != nil {
		return fmt.Errorf("secret %s already exists", name)
	}
	made := &secret{name: name, arn: arn, versions: map[string]version{}, stages: map[string]string{}}
	made.addVersion(uuid.NewString(), version{value, s.config.Clock()}, []string{current})
	s.secrets[arn] = made
	return nil
}

// find returns the secret with a name or ARN, if the caller may do this to it.
func (s *Service) find(ctx context.Context, action, id string) (*secret, error) {
	for _, each := range s.secrets {
		if id != each.arn && id != each.name {
			continue
		}
		return each, s.config.Authorize.Check(ctx, action, each.arn, nil)
	}
	return nil, wire.Errorf("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}

// addVersion adds a version with labels.
func (s *secret) addVersion(id string, v version, labels []string) {
	s.versions[id] = v
	for _, label := range labels {
		s.moveLabel(label, id)
	}
}

// moveLabel moves a staging label. The version that was current becomes the
// previous one.
func (s *secret) moveLabel(label, id string) {
	if was := s.stages[current]; label == current && was != "" && was != id {
		s.stages[previous] = was
	}
	s.stages[label] = id
}

// labelsOf returns the staging labels of a version.
func (s *secret) labelsOf(id string) []string {
	var found []string
	for _, label := range slices.Sorted(maps.Keys(s.stages)) {
		if s.stages[label] == id {
			found = append(found, label)
		}
	}
	return found
}
