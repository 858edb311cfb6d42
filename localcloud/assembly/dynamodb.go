package assembly

// Table is an AWS::DynamoDB::Table.
type Table struct {
	TableName            string                `cfn:"TableName"`
	KeySchema            []KeyElement          `cfn:"KeySchema,required"`
	AttributeDefinitions []AttributeDefinition `cfn:"AttributeDefinitions,required"`
	// BillingMode is PROVISIONED by default.
	BillingMode                      string           `cfn:"BillingMode" values:"PROVISIONED,PAY_PER_REQUEST"`
	ProvisionedThroughput            Harmless         `cfn:"ProvisionedThroughput" why:"nothing is throttled"`
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

	ProvisionedThroughput Harmless `cfn:"ProvisionedThroughput" why:"nothing is throttled"`
}

// Projection is which attributes an index has.
type Projection struct {
	ProjectionType   string   `cfn:"ProjectionType,required"`
	NonKeyAttributes []string `cfn:"NonKeyAttributes"`
}

func (t *Table) identify(at location) (identity, error) {
	name := at.physicalName(t.TableName, 255)
	arn := at.arn("dynamodb", "table/"+name)
	return identity{name: name, ref: name, arn: arn, attributes: map[string]string{"Arn": arn}}, nil
}
