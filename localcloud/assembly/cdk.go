package assembly

// CDKMetadata is an AWS::CDK::Metadata, which CDK adds to a stack to report the
// constructs that it uses.
type CDKMetadata struct {
	unnamed

	Analytics Harmless `cfn:"Analytics" why:"AWS alone reads it, to count the use of CDK"`
}
