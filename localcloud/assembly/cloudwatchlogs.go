package assembly

// LogGroup is an AWS::Logs::LogGroup.
type LogGroup struct {
	LogGroupName    string   `cfn:"LogGroupName"`
	RetentionInDays int      `cfn:"RetentionInDays"`
	KMSKeyID        Harmless `cfn:"KmsKeyId" why:"nothing is stored, so nothing is encrypted"`
	LogGroupClass   Harmless `cfn:"LogGroupClass" why:"it changes prices only"`
	Tags            Harmless `cfn:"Tags" why:"nothing bills or selects by tag"`
}

func (g *LogGroup) identify(at location) (identity, error) {
	name := at.physicalName(g.LogGroupName, 512)
	arn := at.arn("logs", "log-group:"+name)
	// The attribute ends with :*, which stands for the group's streams.
	return identity{name: name, ref: name, arn: arn, attributes: map[string]string{"Arn": arn + ":*"}}, nil
}

// LogsPolicy is an AWS::Logs::ResourcePolicy.
type LogsPolicy struct {
	PolicyName string `cfn:"PolicyName,required"`
	// PolicyDocument is a JSON text.
	PolicyDocument string `cfn:"PolicyDocument,required"`
}

func (p *LogsPolicy) identify(location) (identity, error) {
	return identity{name: p.PolicyName, ref: p.PolicyName}, nil
}
