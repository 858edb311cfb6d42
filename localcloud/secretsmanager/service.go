// Package secretsmanager is Secrets Manager, as far as a rotation by hand needs
// it: a secret has versions, and staging labels for the current, the pending
// and the previous one.
package secretsmanager

import (
	"cmp"
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

func (s *Service) lock() sync.Locker { return &s.mu }

// API is Secrets Manager's wire protocol.
func (s *Service) API() wire.Service {
	return wire.Service{
		Target:      "secretsmanager",
		ContentType: "application/x-amz-json-1.1",
		Operations: map[string]wire.Operation{
			"GetSecretValue":           wire.Locked(s.lock, s.getValue),
			"PutSecretValue":           wire.Locked(s.lock, s.putValue),
			"UpdateSecretVersionStage": wire.Locked(s.lock, s.moveStage),
		},
	}
}

// getValueInput is GetSecretValue's request. Without a version or a stage
// the current version is meant.
type getValueInput struct{ SecretId, VersionId, VersionStage string }

type getValueOutput struct {
	putValueOutput
	SecretString string
	CreatedDate  float64
}

// putValueInput is PutSecretValue's request. The token becomes the id of
// the version, which is current if no stages are given.
type putValueInput struct {
	SecretId, ClientRequestToken, SecretString string
	VersionStages                              []string
}

type putValueOutput struct {
	secretName
	VersionId     string
	VersionStages []string
}

type moveStageInput struct{ SecretId, VersionStage, MoveToVersionId, RemoveFromVersionId string }

// getValue returns the value of one version.
func (s *Service) getValue(ctx context.Context, in *getValueInput) (*getValueOutput, error) {
	found, err := s.find(ctx, "secretsmanager:GetSecretValue", in.SecretId)
	if err != nil {
		return nil, err
	}
	stage := cmp.Or(in.VersionStage, current)
	id := cmp.Or(in.VersionId, found.stages[stage])
	value, exists := found.versions[id]
	if !exists || (in.VersionId != "" && in.VersionStage != "" && found.stages[in.VersionStage] != id) {
		return nil, wire.Errorf("ResourceNotFoundException",
			"Secrets Manager can't find the specified secret value for VersionId: %s, staging label: %s", in.VersionId, stage)
	}
	return &getValueOutput{found.describe(id), value.value, float64(value.created.UnixMilli()) / 1000}, nil
}

// putValue adds a version. The same token and value again change nothing.
func (s *Service) putValue(ctx context.Context, in *putValueInput) (*putValueOutput, error) {
	found, err := s.find(ctx, "secretsmanager:PutSecretValue", in.SecretId)
	if err != nil {
		return nil, err
	}
	if len(in.ClientRequestToken) < 32 || in.SecretString == "" {
		return nil, wire.Errorf("InvalidParameterException", "A ClientRequestToken of 32 characters at least and a SecretString are required.")
	}
	id := in.ClientRequestToken
	switch known, exists := found.versions[id]; {
	case exists && known.value != in.SecretString:
		return nil, wire.Errorf("ResourceExistsException", "The version %s exists already, with another value.", id)
	case !exists:
		found.addVersion(id, version{in.SecretString, s.config.Clock()}, in.VersionStages...)
	}
	described := found.describe(id)
	return &described, nil
}

// moveStage moves a label from one version to another. The
// request must name the version that has the label now.
func (s *Service) moveStage(ctx context.Context, in *moveStageInput) (*secretName, error) {
	found, err := s.find(ctx, "secretsmanager:UpdateSecretVersionStage", in.SecretId)
	if err != nil {
		return nil, err
	}
	was, attached := found.stages[in.VersionStage]
	if _, exists := found.versions[in.MoveToVersionId]; !exists {
		return nil, wire.Errorf("InvalidParameterException", "the local cloud only moves a label to a version that exists, not to %q", in.MoveToVersionId)
	}
	if attached && was != in.MoveToVersionId && was != in.RemoveFromVersionId {
		return nil, wire.Errorf("InvalidParameterException",
			"The parameter RemoveFromVersionId can't be empty or another. Staging label %s is currently attached to version %s, so you must explicitly reference that version in RemoveFromVersionId.",
			in.VersionStage, was)
	}
	found.moveLabel(in.VersionStage, in.MoveToVersionId)
	return &found.secretName, nil
}
