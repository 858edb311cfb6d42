package awsconfig_test

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"example.com/saga/pkg/awsconfig"
)

// A client calls the local cloud, whatever the environment has set for AWS.
func ExampleAt() {
	client := dynamodb.NewFromConfig(awsconfig.At("http://127.0.0.1:4566", "eu-west-1"))
	fmt.Println(*client.Options().BaseEndpoint, client.Options().Region)
	// Output: http://127.0.0.1:4566 eu-west-1
}
