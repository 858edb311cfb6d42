package assembly

// LogGroup is an AWS::Logs::LogGroup.
type LogGroup struct {
	LogGroupName    string   `cfn:"LogGroupName"`
	RetentionInDays int      `cfn:"RetentionInDays"`
	KMSKeyID        Harmless `cfn:"KmsKeyId" why:"nothing is stored, so nothing is encrypted"`
	LogGroupClass   Harmless `cfn:"LogGroupClass" why:"it changes prices only"`
	Tags            Harmless `cfn:"Tags" why:"nothing bills or selects by tag"`
}

func (g *LogGroup) identify(at location) identity {
	made := at.named(g.LogGroupName, 512, "logs", "log-group:")
	// The attribute ends with :*, which stands for the group's streams.
	return made.with("Arn", made.arn+":*")
}

// LogsPolicy is an AWS::Logs::ResourcePolicy.
type LogsPolicy struct {
	PolicyName string `cfn:"PolicyName,required"`
	// PolicyDocument is a JSON text.
	PolicyDocument string `cfn:"PolicyDocument,required"`
}

func (p *LogsPolicy) identify(location) identity {
	return identity{name: p.PolicyName, ref: p.PolicyName}
}
