// Package awsconfig loads the configuration of the AWS clients.
package awsconfig

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Load loads the SDK's default configuration: environment, profile, role.
func Load(ctx context.Context, options ...func(*config.LoadOptions) error) (aws.Config, error) {
	options = append(options, config.WithAPIOptions([]func(*middleware.Stack) error{plainBody}))
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return loaded, fmt.Errorf("load the AWS configuration: %w", err)
	}
	return loaded, nil
}

// FromEnvironment loads the configuration from the environment alone, in which Lambda
// sets the region and the credentials: region, endpoints, retries, FIPS, certificate
// bundle and all other variables of the SDK have their effect. Unlike Load, it neither
// searches for files, which a function does not have, nor calls a metadata service.
func FromEnvironment(ctx context.Context) (aws.Config, error) {
	return Load(ctx,
		config.WithSharedConfigFiles([]string{}),
		config.WithSharedCredentialsFiles([]string{}),
		config.WithEC2IMDSClientEnableState(imds.ClientDisabled))
}

// At returns the configuration of clients that call this endpoint and no other, with
// placeholder credentials, which the local cloud accepts. Unlike Load, it does not
// read the environment or any file: no profile, region, endpoint, proxy or
// certificate bundle that is set there has an effect.
func At(endpoint, region string) aws.Config {
	return aws.Config{
		BaseEndpoint: &endpoint,
		Region:       region,
		Credentials:  credentials.NewStaticCredentialsProvider("local", "local", ""),
		HTTPClient:   awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) { t.Proxy = nil }),
		APIOptions:   []func(*middleware.Stack) error{plainBody},
	}
}

// plainBody hides the io.WriterTo of a request's body from net/http. The SDK closes
// the body as soon as the response begins. WriteTo of a closed body returns io.EOF,
// which net/http treats as a failed write: it closes the connection in the middle of
// the response. Read of a closed body is harmless. The race occurs only with a fast
// server, such as one on the same machine.
//
// It is the last step before the request is sent: the signer hashes the body before,
// and needs a buffer of 32 KB for a body without WriterTo.
func plainBody(stack *middleware.Stack) error {
	return stack.Finalize.Add(middleware.FinalizeMiddlewareFunc("PlainBody",
		func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
			request, isHTTP := in.Request.(*smithyhttp.Request)
			if !isHTTP {
				return next.HandleFinalize(ctx, in)
			}
			body, seekable := request.GetStream().(io.ReadSeeker)
			if !seekable {
				return next.HandleFinalize(ctx, in)
			}
			plain, err := request.SetStream(struct{ io.ReadSeeker }{body})
			if err != nil {
				return middleware.FinalizeOutput{}, middleware.Metadata{}, err
			}
			in.Request = plain
			return next.HandleFinalize(ctx, in)
		}), middleware.After)
}
