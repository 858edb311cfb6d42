package rotation_test

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secrettypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"example.com/saga/operator/rotation"
)

// safe is a fake of both services, with one secret whose versions are their own
// ids, and one connection.
type safe struct {
	stages     map[string]string
	connection string
	parameters *eventtypes.ConnectionHttpParameters
	// fails is the operation that fails.
	fails string
}

var errBroken = errors.New("broken")

func (s *safe) failure(operation string) error {
	if s.fails == operation {
		return errBroken
	}
	return nil
}

func (s *safe) GetSecretValue(_ context.Context, in *secretsmanager.GetSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	id, exists := s.stages[cmp.Or(aws.ToString(in.VersionStage), "AWSCURRENT")]
	if !exists {
		return nil, &secrettypes.ResourceNotFoundException{}
	}
	out := &secretsmanager.GetSecretValueOutput{VersionId: &id, SecretString: &id}
	for stage, version := range s.stages {
		if version == id {
			out.VersionStages = append(out.VersionStages, stage)
		}
	}
	return out, s.failure("GetSecretValue")
}

func (s *safe) PutSecretValue(_ context.Context, in *secretsmanager.PutSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.PutSecretValueOutput, error) {
	if err := s.failure("PutSecretValue"); err != nil {
		return nil, err
	}
	stages := in.VersionStages
	if len(stages) == 0 {
		stages = []string{"AWSCURRENT"}
	}
	for _, stage := range stages {
		s.stages[stage] = *in.SecretString
	}
	return &secretsmanager.PutSecretValueOutput{}, nil
}

func (s *safe) UpdateSecretVersionStage(_ context.Context, in *secretsmanager.UpdateSecretVersionStageInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.UpdateSecretVersionStageOutput, error) {
	if err := s.failure("UpdateSecretVersionStage"); err != nil {
		return nil, err
	}
	if s.stages[*in.VersionStage] != *in.RemoveFromVersionId {
		return nil, &secrettypes.InvalidParameterException{}
	}
	s.stages[*in.VersionStage] = *in.MoveToVersionId
	return &secretsmanager.UpdateSecretVersionStageOutput{}, nil
}

func (s *safe) DescribeConnection(context.Context, *eventbridge.DescribeConnectionInput, ...func(*eventbridge.Options)) (*eventbridge.DescribeConnectionOutput, error) {
	return &eventbridge.DescribeConnectionOutput{
		AuthorizationType: eventtypes.ConnectionAuthorizationTypeApiKey,
		AuthParameters: &eventtypes.ConnectionAuthResponseParameters{
			ApiKeyAuthParameters:     &eventtypes.ConnectionApiKeyAuthResponseParameters{ApiKeyName: aws.String("x-api-key")},
			InvocationHttpParameters: s.parameters,
		},
	}, s.failure("DescribeConnection")
}

func (s *safe) UpdateConnection(_ context.Context, in *eventbridge.UpdateConnectionInput, _ ...func(*eventbridge.Options)) (*eventbridge.UpdateConnectionOutput, error) {
	if err := s.failure("UpdateConnection"); err != nil {
		return nil, err
	}
	key := in.AuthParameters.ApiKeyAuthParameters
	s.connection = *key.ApiKeyName + ": " + *key.ApiKeyValue
	s.parameters = in.AuthParameters.InvocationHttpParameters
	return &eventbridge.UpdateConnectionOutput{}, nil
}

// newSafe has one current key, old, and makes the keys new-1, new-2 and so on.
func newSafe() (*safe, rotation.Key) {
	s := &safe{
		stages: map[string]string{"AWSCURRENT": "old"}, connection: "x-api-key: old",
		parameters: &eventtypes.ConnectionHttpParameters{
			HeaderParameters: []eventtypes.ConnectionHeaderParameter{{Key: aws.String("Content-Type"), Value: aws.String("text/plain")}},
		},
	}
	key := "new-"
	return s, rotation.Key{Secrets: s, Connections: s, Secret: "secret", Connection: "connection", New: func() string {
		key += "1"
		return key
	}}
}

func (s *safe) assert(t *testing.T, current, pending, used string) {
	t.Helper()
	if s.stages["AWSCURRENT"] != current || s.stages["AWSPENDING"] != pending || s.connection != "x-api-key: "+used {
		t.Errorf("the secret is %v and the connection sends %q, want current %s, pending %s, used %s", s.stages, s.connection, current, pending, used)
	}
}

func TestAPreparedKeyWaitsUntilTheRotationIsFinished(t *testing.T) {
	s, key := newSafe()
	if err := key.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.assert(t, "old", "new-1", "old")
	if err := key.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.assert(t, "old", "new-1", "old")
	if err := key.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.assert(t, "new-1", "new-1", "new-1")
	if err := key.Finish(t.Context()); err == nil || !strings.Contains(err.Error(), "there is no pending key") {
		t.Errorf("finished twice: %v", err)
	}
	if err := key.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.assert(t, "new-1", "new-11", "new-1")
}

func TestTheConnectionKeepsItsOtherParameters(t *testing.T) {
	s, key := newSafe()
	before := slices.Clone(s.parameters.HeaderParameters)
	if err := errors.Join(key.Prepare(t.Context()), key.Finish(t.Context())); err != nil {
		t.Fatal(err)
	}
	if s.parameters == nil || !slices.Equal(before, s.parameters.HeaderParameters) {
		t.Errorf("the parameters are %+v", s.parameters)
	}
}

func TestARotationThatFailsCanBeFinishedLater(t *testing.T) {
	for _, operation := range []string{"GetSecretValue", "DescribeConnection", "UpdateConnection", "UpdateSecretVersionStage"} {
		t.Run(operation, func(t *testing.T) {
			s, key := newSafe()
			if err := key.Prepare(t.Context()); err != nil {
				t.Fatal(err)
			}
			s.fails = operation
			if err := key.Finish(t.Context()); !errors.Is(err, errBroken) {
				t.Fatalf("the error is %v", err)
			}
			s.fails = ""
			if err := key.Finish(t.Context()); err != nil {
				t.Fatal(err)
			}
			s.assert(t, "new-1", "new-1", "new-1")
		})
	}
}

func TestWhatCannotBeRotatedIsLeftAsItIs(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(*safe)
		step  func(rotation.Key, context.Context) error
		want  string
	}{
		"no pending key":    {func(*safe) {}, rotation.Key.Finish, "there is no pending key"},
		"there is no key":   {func(s *safe) { clear(s.stages) }, rotation.Key.Prepare, "get the AWSCURRENT key"},
		"no key can be put": {func(s *safe) { s.fails = "PutSecretValue" }, rotation.Key.Prepare, "store a new key"},
		"a value is hidden": {func(s *safe) {
			s.stages["AWSPENDING"] = "new"
			s.parameters.HeaderParameters[0].IsValueSecret = true
		}, rotation.Key.Finish, "[Content-Type]"},
	} {
		t.Run(name, func(t *testing.T) {
			s, key := newSafe()
			test.spoil(s)
			pending, current := s.stages["AWSPENDING"], s.stages["AWSCURRENT"]
			if err := test.step(key, t.Context()); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v, want one about %s", err, test.want)
			}
			s.assert(t, current, pending, "old")
		})
	}
}
