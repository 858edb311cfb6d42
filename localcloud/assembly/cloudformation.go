package assembly

// WaitConditionHandle is an AWS::CloudFormation::WaitConditionHandle. Alone it does
// nothing: it takes the place of a resource, or waits for a WaitCondition.
type WaitConditionHandle struct{}

func (*WaitConditionHandle) identify(at location) (identity, error) {
	return identity{name: at.logicalID, ref: "https://cloudformation-waitcondition-" + at.options.Region + ".s3.amazonaws.com/" + at.uuid()}, nil
}
