package resource

import "github.com/aws/aws-cdk-go/awscdk/v2"

// RemovalPolicy is what happens to a resource that keeps data when its stack is
// deleted, or when it is replaced or no longer in the template. A protected one is
// retained. But if the deployment that creates it fails, it has no data yet and is
// deleted, so that the deployment can be repeated
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html).
func RemovalPolicy(protected bool) awscdk.RemovalPolicy {
	if protected {
		return awscdk.RemovalPolicy_RETAIN_ON_UPDATE_OR_DELETE
	}
	return awscdk.RemovalPolicy_DESTROY
}
