package assembly

import "fmt"

// Table is an AWS::DynamoDB::Table.
type Table struct {
	TableName            string                `cfn:"TableName"`
	KeySchema            []KeyElement          `cfn:"KeySchema,required"`
	AttributeDefinitions []AttributeDefinition `cfn:"AttributeDefinitions,required"`
	// BillingMode is PROVISIONED by default.
	BillingMode             string           `cfn:"BillingMode" values:"PROVISIONED,PAY_PER_REQUEST"`
	ProvisionedThroughput   *Harmless        `cfn:"ProvisionedThroughput" why:"the capacity of a whole table is not limited"`
	GlobalSecondaryIndexes  []SecondaryIndex `cfn:"GlobalSecondaryIndexes"`
	TimeToLiveSpecification TimeToLive       `cfn:"TimeToLiveSpecification"`
	_                       Harmless         `cfn:"PointInTimeRecoverySpecification DeletionProtectionEnabled" why:"nothing outlives the process"`
	SSESpecification        Harmless         `cfn:"SSESpecification" why:"nothing is stored, so nothing is encrypted"`
	TableClass              Harmless         `cfn:"TableClass" why:"it changes prices only"`
	Tags                    Harmless         `cfn:"Tags" why:"nothing bills or selects by tag"`
}

// TimeToLive names the attribute with the time after which an item may be deleted. No
// item is: DynamoDB promises only not to delete it before.
type TimeToLive struct {
	AttributeName string `cfn:"AttributeName"`
	Enabled       bool   `cfn:"Enabled,required"`
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
	IndexName             string       `cfn:"IndexName,required"`
	KeySchema             []KeyElement `cfn:"KeySchema,required"`
	Projection            Projection   `cfn:"Projection,required"`
	ProvisionedThroughput *Harmless    `cfn:"ProvisionedThroughput" why:"the capacity of a whole table is not limited"`
}

// Projection is which attributes an index has.
type Projection struct {
	ProjectionType   string   `cfn:"ProjectionType,required"`
	NonKeyAttributes []string `cfn:"NonKeyAttributes"`
}

// identify refuses keys and indexes that DynamoDB refuses.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
func (t *Table) identify(at location) identity {
	made := at.named(t.TableName, 255, "dynamodb", "table/")
	defined, used, indexes, projected := map[string]bool{}, map[string]bool{}, map[string]bool{}, 0
	for i, attribute := range t.AttributeDefinitions {
		made.when(defined[attribute.AttributeName], "property AttributeDefinitions[%d]: %s is defined already", i, attribute.AttributeName)
		defined[attribute.AttributeName] = true
	}
	keys := defined
	if at.areRefused("AttributeDefinitions") {
		keys = nil // Not all are known.
	}
	made.checkKey("KeySchema", t.KeySchema, keys, used)
	if !at.areRefused("BillingMode") {
		made.checkThroughput("ProvisionedThroughput", t.BillingMode, t.ProvisionedThroughput)
	}
	for i, index := range t.GlobalSecondaryIndexes {
		path := fmt.Sprintf("GlobalSecondaryIndexes[%d].", i)
		made.when(indexes[index.IndexName], "property %sIndexName: there is an index %s already", path, index.IndexName)
		indexes[index.IndexName] = true
		projected += len(index.Projection.NonKeyAttributes)
		made.when((index.Projection.ProjectionType == "INCLUDE") != (len(index.Projection.NonKeyAttributes) > 0),
			"property %sProjection.NonKeyAttributes goes with the ProjectionType INCLUDE, and with no other", path)
		made.checkKey(path+"KeySchema", index.KeySchema, keys, used)
		if !at.areRefused("BillingMode") {
			made.checkThroughput(path+"ProvisionedThroughput", t.BillingMode, index.ProvisionedThroughput)
		}
	}
	made.when(projected > 100, "property GlobalSecondaryIndexes must have at most 100 NonKeyAttributes, and has %d", projected)
	for _, attribute := range sortedKeys(defined) {
		made.when(attribute != "" && !used[attribute] && !at.areRefused("KeySchema", "GlobalSecondaryIndexes"),
			"property AttributeDefinitions: %s is defined, but in no key", attribute)
	}
	return made
}

func (r *refusals) checkThroughput(path, billing string, given *Harmless) {
	isProvisioned := billing != "PAY_PER_REQUEST"
	r.when(isProvisioned && given == nil, "property %s is required with the BillingMode PROVISIONED, which is the default", path)
	r.when(!isProvisioned && given != nil, "property %s is for the BillingMode PROVISIONED only", path)
}

// checkKey refuses a key that is not one partition attribute, and at most one to sort
// by, and notes the attributes that it uses. An index may have several on AWS.
func (r *refusals) checkKey(path string, key []KeyElement, defined, used map[string]bool) {
	kinds := map[string]int{}
	for i, element := range key {
		kinds[element.KeyType]++
		r.when(i == 0 && element.KeyType == "RANGE", "property %s must begin with the attribute of KeyType HASH", path)
		r.when(element.AttributeName != "" && defined != nil && !defined[element.AttributeName],
			"property %s[%d].AttributeName: %s is not in AttributeDefinitions", path, i, element.AttributeName)
		r.when(i == 1 && element.AttributeName == key[0].AttributeName, "property %s has the attribute %s twice", path, element.AttributeName)
		used[element.AttributeName] = true
	}
	r.unsupportedWhen(kinds["HASH"] > 1 || kinds["RANGE"] > 1, "property %s: several attributes of a KeyType are not supported by the local cloud", path)
}

// GlobalTable is an AWS::DynamoDB::GlobalTable with one replica, in the stack's Region,
// as CDK's TableV2 is.
type GlobalTable struct {
	TableName               string                `cfn:"TableName"`
	KeySchema               []KeyElement          `cfn:"KeySchema,required"`
	AttributeDefinitions    []AttributeDefinition `cfn:"AttributeDefinitions,required"`
	BillingMode             string                `cfn:"BillingMode" values:"PROVISIONED,PAY_PER_REQUEST"`
	GlobalSecondaryIndexes  []GlobalTableIndex    `cfn:"GlobalSecondaryIndexes"`
	Replicas                []Replica             `cfn:"Replicas,required"`
	TimeToLiveSpecification TimeToLive            `cfn:"TimeToLiveSpecification"`
	SSESpecification        Harmless              `cfn:"SSESpecification" why:"nothing is stored, so nothing is encrypted"`
	_                       Harmless              `cfn:"WriteProvisionedThroughputSettings WriteOnDemandThroughputSettings" why:"the capacity of a whole table is not limited"`

	// Table is the table that the replica is.
	Table Table
}

// GlobalTableIndex is a global secondary index of a global table.
type GlobalTableIndex struct {
	IndexName  string       `cfn:"IndexName,required"`
	KeySchema  []KeyElement `cfn:"KeySchema,required"`
	Projection Projection   `cfn:"Projection,required"`

	_ Harmless `cfn:"WriteProvisionedThroughputSettings WriteOnDemandThroughputSettings" why:"the capacity of a whole table is not limited"`
}

// Replica is a global table in one Region.
type Replica struct {
	Region string `cfn:"Region,required"`

	GlobalSecondaryIndexes Harmless `cfn:"GlobalSecondaryIndexes" why:"a replica changes the capacity of the table's indexes only"`
	_                      Harmless `cfn:"PointInTimeRecoverySpecification DeletionProtectionEnabled" why:"nothing outlives the process"`
	_                      Harmless `cfn:"ReadProvisionedThroughputSettings ReadOnDemandThroughputSettings" why:"the capacity of a whole table is not limited"`
	SSESpecification       Harmless `cfn:"SSESpecification" why:"nothing is stored, so nothing is encrypted"`
	TableClass             Harmless `cfn:"TableClass" why:"it changes prices only"`
	Tags                   Harmless `cfn:"Tags" why:"nothing bills or selects by tag"`
}

func (g *GlobalTable) identify(at location) identity {
	// The throughput of a global table has a property of its own.
	var throughput *Harmless
	if g.BillingMode != "PAY_PER_REQUEST" {
		throughput = new(Harmless)
	}
	g.Table = Table{
		ProvisionedThroughput: throughput,
		TableName:             g.TableName, KeySchema: g.KeySchema, AttributeDefinitions: g.AttributeDefinitions, BillingMode: g.BillingMode,
		TimeToLiveSpecification: g.TimeToLiveSpecification,
	}
	for _, index := range g.GlobalSecondaryIndexes {
		g.Table.GlobalSecondaryIndexes = append(g.Table.GlobalSecondaryIndexes,
			SecondaryIndex{IndexName: index.IndexName, KeySchema: index.KeySchema, Projection: index.Projection, ProvisionedThroughput: throughput})
	}
	made := g.Table.identify(at).with("TableId", at.uuid())
	made.unsupportedWhen(len(g.Replicas) != 1 || g.Replicas[0].Region != at.options.Region,
		"property Replicas: only one replica, in %s, is supported by the local cloud", at.options.Region)
	return made
}
