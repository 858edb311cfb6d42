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

type secretName struct{ ARN, Name string }

type secret struct {
	secretName
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
	made := &secret{secretName: secretName{arn, name}, versions: map[string]version{}, stages: map[string]string{}}
	made.addVersion(uuid.NewString(), version{value, s.config.Clock()})
	s.secrets[arn] = made
	return nil
}

// find returns the secret with a name or ARN, if the caller may do this to it.
func (s *Service) find(ctx context.Context, action, id string) (*secret, error) {
	for _, each := range s.secrets {
		if id != each.ARN && id != each.Name {
			continue
		}
		return each, s.config.Authorize.Check(ctx, action, each.ARN, nil)
	}
	return nil, wire.Errorf("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}

// addVersion adds a version with labels, or as the current one.
func (s *secret) addVersion(id string, v version, labels ...string) {
	if len(labels) == 0 {
		labels = []string{current}
	}
	s.versions[id] = v
	for _, label := range labels {
		s.moveLabel(label, id)
	}
}

// moveLabel moves a staging label. The version that was current becomes the previous one.
func (s *secret) moveLabel(label, id string) {
	if was := s.stages[current]; label == current && was != "" && was != id {
		s.stages[previous] = was
	}
	s.stages[label] = id
}

// describe returns a version with its staging labels.
func (s *secret) describe(id string) putValueOutput {
	labels := slices.DeleteFunc(slices.Sorted(maps.Keys(s.stages)), func(label string) bool { return s.stages[label] != id })
	return putValueOutput{s.secretName, id, labels}
}
