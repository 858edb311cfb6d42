package secretsmanager

import (
	"cmp"
	"context"

	"example.com/saga/localcloud/wire"
)

// API is Secrets Manager's wire protocol.
func (s *Service) API() wire.Service {
	return wire.Service{
		Target:      "secretsmanager",
		ContentType: "application/x-amz-json-1.1",
		Operations: map[string]wire.Operation{
			"GetSecretValue":           wire.Op(s.GetSecretValue),
			"PutSecretValue":           wire.Op(s.PutSecretValue),
			"UpdateSecretVersionStage": wire.Op(s.UpdateSecretVersionStage),
		},
	}
}

// GetSecretValueInput is GetSecretValue's request. Without a version or a stage
// the current version is meant.
type GetSecretValueInput struct {
	SecretId     string
	VersionId    string
	VersionStage string
}

// GetSecretValueOutput is GetSecretValue's response.
type GetSecretValueOutput struct {
	ARN           string
	Name          string
	VersionId     string
	SecretString  string
	VersionStages []string
	CreatedDate   float64
}

// PutSecretValueInput is PutSecretValue's request. The token becomes the id of
// the version, which is current if no stages are given.
type PutSecretValueInput struct {
	SecretId           string
	ClientRequestToken string
	SecretString       string
	VersionStages      []string
}

// PutSecretValueOutput is PutSecretValue's response.
type PutSecretValueOutput struct {
	ARN           string
	Name          string
	VersionId     string
	VersionStages []string
}

// UpdateSecretVersionStageInput is UpdateSecretVersionStage's request.
type UpdateSecretVersionStageInput struct {
	SecretId            string
	VersionStage        string
	MoveToVersionId     string
	RemoveFromVersionId string
}

// UpdateSecretVersionStageOutput is UpdateSecretVersionStage's response.
type UpdateSecretVersionStageOutput struct {
	ARN  string
	Name string
}

// GetSecretValue returns the value of one version.
func (s *Service) GetSecretValue(ctx context.Context, in *GetSecretValueInput) (*GetSecretValueOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
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
	return &GetSecretValueOutput{
		ARN: found.arn, Name: found.name, VersionId: id, SecretString: value.value,
		VersionStages: found.labelsOf(id), CreatedDate: float64(value.created.UnixMilli()) / 1000,
	}, nil
}

// PutSecretValue adds a version. The same token and value again change nothing.
func (s *Service) PutSecretValue(ctx context.Context, in *PutSecretValueInput) (*PutSecretValueOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := s.find(ctx, "secretsmanager:PutSecretValue", in.SecretId)
	if err != nil {
		return nil, err
	}
	if len(in.ClientRequestToken) < 32 || in.SecretString == "" {
		return nil, wire.Errorf("InvalidParameterException", "A ClientRequestToken of 32 characters at least and a SecretString are required.")
	}
	id := in.ClientRequestToken
	if known, exists := found.versions[id]; exists {
		if known.value != in.SecretString {
			return nil, wire.Errorf("ResourceExistsException", "The version %s exists already, with another value.", id)
		}
	} else {
		labels := in.VersionStages
		if len(labels) == 0 {
			labels = []string{current}
		}
		found.addVersion(id, version{in.SecretString, s.config.Clock()}, labels)
	}
	return &PutSecretValueOutput{found.arn, found.name, id, found.labelsOf(id)}, nil
}

// UpdateSecretVersionStage moves a label from one version to another. The
// request must name the version that has the label now.
func (s *Service) UpdateSecretVersionStage(ctx context.Context, in *UpdateSecretVersionStageInput) (*UpdateSecretVersionStageOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
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
	return &UpdateSecretVersionStageOutput{found.arn, found.name}, nil
}
