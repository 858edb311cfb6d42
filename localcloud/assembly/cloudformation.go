package assembly

// CDKMetadata is an AWS::CDK::Metadata, which CDK adds to a stack to report the
// constructs that it uses.
type CDKMetadata struct {
	unnamed

	Analytics Harmless `cfn:"Analytics" why:"AWS alone reads it, to count the use of CDK"`
}

// WaitConditionHandle is an AWS::CloudFormation::WaitConditionHandle. Alone it does
// nothing: it takes the place of a resource, or waits for a WaitCondition.
type WaitConditionHandle struct{}

func (*WaitConditionHandle) identify(at location) identity {
	return identity{name: at.logicalID, ref: "https://cloudformation-waitcondition-" + at.options.Region + ".s3.amazonaws.com/" + at.uuid()}
}
