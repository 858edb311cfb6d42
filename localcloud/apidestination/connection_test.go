package apidestination_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awseventbridge "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"example.com/saga/localcloud/apidestination"
	"example.com/saga/localcloud/eventbridge"
	"example.com/saga/localcloud/wire"
)

// connected is a destination whose endpoint notes the headers it gets, and AWS's
// own client of its connection.
func connected(t *testing.T) (*apidestination.Service, *awseventbridge.Client, func() http.Header) {
	t.Helper()
	var got http.Header
	endpoint := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header }))
	t.Cleanup(endpoint.Close)
	connection := &apidestination.Connection{
		Name: "shop", ARN: "arn:connection",
		Parameters: apidestination.AuthParameters{
			ApiKeyAuthParameters: &apidestination.ApiKey{ApiKeyName: "X-Api-Key", ApiKeyValue: "old"},
			InvocationHttpParameters: &apidestination.HttpParameters{
				HeaderParameters: []apidestination.Parameter{{Key: "X-Seen", Value: "yes"}, {Key: "X-Hidden", Value: "word", IsValueSecret: true}},
				BodyParameters:   []apidestination.Parameter{{Key: "token", Value: "word", IsValueSecret: true}},
			},
		},
	}
	service := create(t, nil, apidestination.Destination{Endpoint: endpoint.URL, Connection: connection})
	service.Connect(connection)
	api := httptest.NewServer(wire.Handler(wire.Service{
		Target: "AWSEvents", ContentType: "application/x-amz-json-1.1", Operations: service.Operations(),
	}))
	t.Cleanup(api.Close)
	client := awseventbridge.New(awseventbridge.Options{
		Region: "eu-west-1", BaseEndpoint: &api.URL, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("AKID", "secret", ""),
	})
	return service, client, func() http.Header {
		t.Helper()
		if err := service.Deliver(t.Context(), eventbridge.Delivery{Target: arn, Body: []byte("{}")}); err != nil {
			t.Fatal(err)
		}
		return got
	}
}

func update(ctx context.Context, client *awseventbridge.Client, key string, parameters *types.ConnectionHttpParameters) error {
	_, err := client.UpdateConnection(ctx, &awseventbridge.UpdateConnectionInput{
		Name: aws.String("shop"), AuthorizationType: types.ConnectionAuthorizationTypeApiKey,
		AuthParameters: &types.UpdateConnectionAuthRequestParameters{
			ApiKeyAuthParameters:     &types.UpdateConnectionApiKeyAuthRequestParameters{ApiKeyName: aws.String("X-Api-Key"), ApiKeyValue: &key},
			InvocationHttpParameters: parameters,
		},
	})
	return err
}

func TestAnUpdatedConnectionSendsTheNewKeyWithTheNextRequest(t *testing.T) {
	service, client, deliver := connected(t)
	if header := deliver(); header.Get("X-Api-Key") != "old" || header.Get("X-Hidden") != "word" {
		t.Errorf("at first the headers are %v", header)
	}
	if err := update(t.Context(), client, "new", nil); err != nil {
		t.Fatal(err)
	}
	if header := deliver(); header.Get("X-Api-Key") != "new" || header.Get("X-Seen") != "yes" {
		t.Errorf("then the headers are %v", header)
	}
	if err := update(t.Context(), client, "new", &types.ConnectionHttpParameters{
		HeaderParameters: []types.ConnectionHeaderParameter{{Key: aws.String("X-Seen"), Value: aws.String("again")}},
	}); err != nil {
		t.Fatal(err)
	}
	if header := deliver(); header.Get("X-Seen") != "again" || header.Get("X-Hidden") != "" {
		t.Errorf("at last the headers are %v", header)
	}
	for key, admitted := range map[string]bool{"old": true, "new": true, "none": false, "": false} {
		if got := service.Authorizes(http.Header{"X-Api-Key": {key}}); got != admitted {
			t.Errorf("the key %q is admitted = %t", key, got)
		}
	}
}

func TestTheDescriptionOfAConnectionHasNoSecret(t *testing.T) {
	_, client, _ := connected(t)
	out, err := client.DescribeConnection(t.Context(), &awseventbridge.DescribeConnectionInput{Name: aws.String("shop")})
	if err != nil {
		t.Fatal(err)
	}
	if name := aws.ToString(out.AuthParameters.ApiKeyAuthParameters.ApiKeyName); name != "X-Api-Key" || out.ConnectionState != types.ConnectionStateAuthorized {
		t.Errorf("the key is called %q, the connection is %s", name, out.ConnectionState)
	}
	told := map[string]string{}
	for _, parameter := range out.AuthParameters.InvocationHttpParameters.HeaderParameters {
		told[aws.ToString(parameter.Key)] = aws.ToString(parameter.Value)
	}
	if len(told) != 2 || told["X-Seen"] != "yes" || told["X-Hidden"] != "" {
		t.Errorf("the headers are %v", told)
	}
	if body := out.AuthParameters.InvocationHttpParameters.BodyParameters; len(body) != 1 || aws.ToString(body[0].Value) != "" {
		t.Errorf("the body parameters are %v", body)
	}
}

func TestAConnectionChangesToANameAndAPassword(t *testing.T) {
	service, client, deliver := connected(t)
	if _, err := client.UpdateConnection(t.Context(), &awseventbridge.UpdateConnectionInput{
		Name: aws.String("shop"), AuthorizationType: types.ConnectionAuthorizationTypeBasic,
		AuthParameters: &types.UpdateConnectionAuthRequestParameters{
			BasicAuthParameters: &types.UpdateConnectionBasicAuthRequestParameters{Username: aws.String("shop"), Password: aws.String("word")},
		},
	}); err != nil {
		t.Fatal(err)
	}
	header := deliver()
	if got := header.Get("Authorization"); got != "Basic c2hvcDp3b3Jk" || header.Get("X-Api-Key") != "" || header.Get("X-Seen") != "yes" {
		t.Errorf("the headers are %v", header)
	}
	if !service.Authorizes(header) || !service.Authorizes(http.Header{"X-Api-Key": {"old"}}) || service.Authorizes(http.Header{"Authorization": {"Basic x"}}) {
		t.Error("the credential, or the former one, does not authorize, or another one does")
	}
	out, err := client.DescribeConnection(t.Context(), &awseventbridge.DescribeConnectionInput{Name: aws.String("shop")})
	if err != nil {
		t.Fatal(err)
	}
	if basic := out.AuthParameters.BasicAuthParameters; out.AuthorizationType != "BASIC" || basic == nil || aws.ToString(basic.Username) != "shop" {
		t.Errorf("the connection is %s %+v", out.AuthorizationType, out.AuthParameters)
	}
}

func TestAnUpdateThatCannotBeMadeIsRefused(t *testing.T) {
	_, client, deliver := connected(t)
	if err := update(t.Context(), client, "", nil); err == nil {
		t.Error("an empty key is taken")
	}
	if _, err := client.DescribeConnection(t.Context(), &awseventbridge.DescribeConnectionInput{Name: aws.String("other")}); err == nil {
		t.Error("another connection is there")
	}
	if header := deliver(); header.Get("X-Api-Key") != "old" {
		t.Errorf("the headers are %v", header)
	}
}
