package secretsmanager_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awssecretsmanager "github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"example.com/saga/localcloud/secretsmanager"
	"example.com/saga/localcloud/wire"
)

const arn = "arn:aws:secretsmanager:eu-west-1:000000000000:secret:key-ABCDEF"

// client is AWS's own client of a service that has one secret.
func client(t *testing.T, authorize func(context.Context, string, string, map[string][]string) error) *awssecretsmanager.Client {
	t.Helper()
	service := secretsmanager.New(secretsmanager.Config{Clock: time.Now, Authorize: authorize})
	if err := service.Create("key", arn, "first"); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(wire.Handler(service.API()))
	t.Cleanup(server.Close)
	return awssecretsmanager.New(awssecretsmanager.Options{
		Region: "eu-west-1", BaseEndpoint: &server.URL, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("AKID", "secret", ""),
	})
}

// value returns a version's value and its labels, or the code of the refusal.
func value(t *testing.T, client *awssecretsmanager.Client, stage string) (string, []string) {
	t.Helper()
	in := &awssecretsmanager.GetSecretValueInput{SecretId: aws.String("key")}
	if stage != "" {
		in.VersionStage = &stage
	}
	out, err := client.GetSecretValue(t.Context(), in)
	if err != nil {
		return codeOf(err), nil
	}
	return aws.ToString(out.SecretString), out.VersionStages
}

func codeOf(err error) string {
	if failure, ok := errors.AsType[smithy.APIError](err); ok {
		return failure.ErrorCode()
	}
	return ""
}

func assertValue(t *testing.T, client *awssecretsmanager.Client, stage, want string, labels ...string) {
	t.Helper()
	got, at := value(t, client, stage)
	if got != want {
		t.Errorf("%s is %q, want %q", stage, got, want)
	}
	if diff := cmp.Diff(labels, at); diff != "" {
		t.Errorf("the labels of %s (-want +got):\n%s", stage, diff)
	}
}

func put(t *testing.T, client *awssecretsmanager.Client, value string, stages ...string) string {
	t.Helper()
	out, err := client.PutSecretValue(t.Context(), &awssecretsmanager.PutSecretValueInput{
		SecretId: aws.String(arn), SecretString: &value, VersionStages: stages,
	})
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(out.VersionId)
}

func TestANewValueIsCurrentAndTheFormerOnePrevious(t *testing.T) {
	c := client(t, nil)
	put(t, c, "second")
	assertValue(t, c, "", "second", "AWSCURRENT")
	assertValue(t, c, "AWSPREVIOUS", "first", "AWSPREVIOUS")
	assertValue(t, c, "AWSPENDING", "ResourceNotFoundException")
}

func TestAPendingValueBecomesCurrentWhenTheLabelIsMoved(t *testing.T) {
	c := client(t, nil)
	first, err := c.GetSecretValue(t.Context(), &awssecretsmanager.GetSecretValueInput{SecretId: aws.String(arn)})
	if err != nil {
		t.Fatal(err)
	}
	second := put(t, c, "second", "AWSPENDING")
	assertValue(t, c, "", "first", "AWSCURRENT")
	assertValue(t, c, "AWSPENDING", "second", "AWSPENDING")
	move := func(from *string) error {
		_, err := c.UpdateSecretVersionStage(t.Context(), &awssecretsmanager.UpdateSecretVersionStageInput{
			SecretId: aws.String(arn), VersionStage: aws.String("AWSCURRENT"), MoveToVersionId: &second, RemoveFromVersionId: from,
		})
		return err
	}
	if got := codeOf(move(nil)); got != "InvalidParameterException" {
		t.Errorf("moved without saying from where: %q", got)
	}
	if err := move(first.VersionId); err != nil {
		t.Fatal(err)
	}
	assertValue(t, c, "", "second", "AWSCURRENT", "AWSPENDING")
	assertValue(t, c, "AWSPREVIOUS", "first", "AWSPREVIOUS")
}

func TestTheSameVersionAgainMustHaveTheSameValue(t *testing.T) {
	c := client(t, nil)
	again := func(value string) error {
		_, err := c.PutSecretValue(t.Context(), &awssecretsmanager.PutSecretValueInput{
			SecretId: aws.String("key"), SecretString: &value, ClientRequestToken: aws.String("00000000-0000-0000-0000-000000000001"),
		})
		return err
	}
	if err := errors.Join(again("second"), again("second")); err != nil {
		t.Error(err)
	}
	if got := codeOf(again("third")); got != "ResourceExistsException" {
		t.Errorf("another value is answered with %q", got)
	}
	assertValue(t, c, "", "second", "AWSCURRENT")
}

func TestWhatIsNotAllowedOrNotThereIsRefused(t *testing.T) {
	c := client(t, func(_ context.Context, action, resource string, _ map[string][]string) error {
		return wire.Errorf("AccessDeniedException", "%s on %s", action, resource)
	})
	assertValue(t, c, "", "AccessDeniedException")
	_, err := c.GetSecretValue(t.Context(), &awssecretsmanager.GetSecretValueInput{SecretId: aws.String("other")})
	if got := codeOf(err); got != "ResourceNotFoundException" {
		t.Errorf("another secret is answered with %q", got)
	}
}
