package assembly

import (
	"fmt"
	"slices"
)

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
	var err error
	if !slices.Contains(retentions(), g.RetentionInDays) {
		err = fmt.Errorf("property RetentionInDays: CloudWatch Logs does not keep events for %d days", g.RetentionInDays)
	}
	// The attribute ends with :*, which stands for the group's streams.
	return identity{name: name, ref: name, arn: arn, attributes: map[string]string{"Arn": arn + ":*"}}, err
}

// retentions returns all valid retentions; 0 is for ever.
//
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
func retentions() []int {
	return []int{0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
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
