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
func plainBody(stack *middleware.Stack) error {
	return stack.Build.Add(middleware.BuildMiddlewareFunc("PlainBody",
		func(ctx context.Context, in middleware.BuildInput, next middleware.BuildHandler) (middleware.BuildOutput, middleware.Metadata, error) {
			request, isHTTP := in.Request.(*smithyhttp.Request)
			if !isHTTP {
				return next.HandleBuild(ctx, in)
			}
			body, seekable := request.GetStream().(io.ReadSeeker)
			if !seekable {
				return next.HandleBuild(ctx, in)
			}
			plain, err := request.SetStream(struct{ io.ReadSeeker }{body})
			if err != nil {
				return middleware.BuildOutput{}, middleware.Metadata{}, err
			}
			in.Request = plain
			return next.HandleBuild(ctx, in)
		}), middleware.After)
}
