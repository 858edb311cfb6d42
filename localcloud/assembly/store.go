package assembly

import (
	"fmt"
	"slices"
)

// Table is an AWS::DynamoDB::Table.
type Table struct {
	TableName            string                `cfn:"TableName"`
	KeySchema            []KeyElement          `cfn:"KeySchema,required"`
	AttributeDefinitions []AttributeDefinition `cfn:"AttributeDefinitions,required"`
	// BillingMode has a default, PROVISIONED, which is not supported.
	BillingMode                      string           `cfn:"BillingMode,required" values:"PAY_PER_REQUEST"`
	GlobalSecondaryIndexes           []SecondaryIndex `cfn:"GlobalSecondaryIndexes"`
	TimeToLiveSpecification          Harmless         `cfn:"TimeToLiveSpecification" why:"DynamoDB promises only that an item is not deleted before its time"`
	PointInTimeRecoverySpecification Harmless         `cfn:"PointInTimeRecoverySpecification" why:"nothing outlives the process"`
	DeletionProtectionEnabled        Harmless         `cfn:"DeletionProtectionEnabled" why:"nothing outlives the process"`
	SSESpecification                 Harmless         `cfn:"SSESpecification" why:"nothing is stored, so nothing is encrypted"`
	TableClass                       Harmless         `cfn:"TableClass" why:"it changes prices only"`
	Tags                             Harmless         `cfn:"Tags" why:"nothing bills or selects by tag"`
}

// KeyElement is one attribute of a table's primary key.
type KeyElement struct {
	AttributeName string `cfn:"AttributeName,required"`
	KeyType       string `cfn:"KeyType,required"`
}

// AttributeDefinition is the type of a key attribute.
type AttributeDefinition struct {
	AttributeName string `cfn:"AttributeName,required"`
	AttributeType string `cfn:"AttributeType,required"`
}

// SecondaryIndex is a global secondary index of a table.
type SecondaryIndex struct {
	IndexName  string       `cfn:"IndexName,required"`
	KeySchema  []KeyElement `cfn:"KeySchema,required"`
	Projection Projection   `cfn:"Projection,required"`
}

// Projection says which attributes an index has.
type Projection struct {
	ProjectionType   string   `cfn:"ProjectionType,required"`
	NonKeyAttributes []string `cfn:"NonKeyAttributes"`
}

func (t *Table) identify(at place) (identity, error) {
	name := at.named(t.TableName, 255)
	arn := at.arn("dynamodb", "table/"+name)
	return identity{name: name, ref: name, arn: arn, attributes: map[string]string{"Arn": arn}}, nil
}

// LogGroup is an AWS::Logs::LogGroup.
type LogGroup struct {
	LogGroupName    string   `cfn:"LogGroupName"`
	RetentionInDays int      `cfn:"RetentionInDays"`
	KMSKeyID        Harmless `cfn:"KmsKeyId" why:"nothing is stored, so nothing is encrypted"`
	LogGroupClass   Harmless `cfn:"LogGroupClass" why:"it changes prices only"`
	Tags            Harmless `cfn:"Tags" why:"nothing bills or selects by tag"`
}

func (g *LogGroup) identify(at place) (identity, error) {
	name := at.named(g.LogGroupName, 512)
	arn := at.arn("logs", "log-group:"+name)
	var err error
	if !slices.Contains(retentions(), g.RetentionInDays) {
		err = fmt.Errorf("property RetentionInDays: CloudWatch Logs does not keep events for %d days", g.RetentionInDays)
	}
	// The attribute ends with :*, which stands for the group's streams.
	return identity{name: name, ref: name, arn: arn, attributes: map[string]string{"Arn": arn + ":*"}}, err
}

// retentions are all that there are; 0 is for ever.
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

func (p *LogsPolicy) identify(place) (identity, error) {
	return identity{name: p.PolicyName, ref: p.PolicyName}, nil
}
