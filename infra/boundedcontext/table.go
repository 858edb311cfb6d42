package boundedcontext

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"

	"example.com/saga/infra/resource"
)

// dueIndex is the name of the index of the items that are due, and accountIndex that of
// the entries in accounts.
const (
	dueIndex     = "due"
	accountIndex = "account"
)

// newTable makes the dedup table. The service chooses the values of
// pk; an item is in an index if it has the attributes that are the index's key.
func newTable(scope constructs.Construct, props Props) awsdynamodb.ITable {
	protected := props.Protected
	tableProps := &awsdynamodb.TableProps{
		PartitionKey:        &awsdynamodb.Attribute{Name: new("pk"), Type: awsdynamodb.AttributeType_STRING},
		BillingMode:         awsdynamodb.BillingMode_PAY_PER_REQUEST,
		TimeToLiveAttribute: new("expires_at"),
		DeletionProtection:  new(protected && !props.Deletable),
		RemovalPolicy:       resource.RemovalPolicy(protected),
		PointInTimeRecoverySpecification: &awsdynamodb.PointInTimeRecoverySpecification{
			PointInTimeRecoveryEnabled: &protected,
		},
	}
	if props.Key != nil {
		tableProps.Encryption, tableProps.EncryptionKey = awsdynamodb.TableEncryption_CUSTOMER_MANAGED, props.Key
	}
	table := awsdynamodb.NewTable(scope, new("Table"), tableProps)
	var indexes []string
	if props.DueIndex {
		indexes = append(indexes, dueIndex)
		table.AddGlobalSecondaryIndex(&awsdynamodb.GlobalSecondaryIndexProps{
			IndexName:      new(dueIndex),
			PartitionKey:   &awsdynamodb.Attribute{Name: new("open"), Type: awsdynamodb.AttributeType_STRING},
			SortKey:        &awsdynamodb.Attribute{Name: new("due"), Type: awsdynamodb.AttributeType_NUMBER},
			ProjectionType: awsdynamodb.ProjectionType_KEYS_ONLY,
		})
	}
	if props.AccountIndex {
		indexes = append(indexes, accountIndex)
		table.AddGlobalSecondaryIndex(&awsdynamodb.GlobalSecondaryIndexProps{
			IndexName:        new(accountIndex),
			PartitionKey:     &awsdynamodb.Attribute{Name: new("account"), Type: awsdynamodb.AttributeType_STRING},
			SortKey:          &awsdynamodb.Attribute{Name: new("until"), Type: awsdynamodb.AttributeType_NUMBER},
			ProjectionType:   awsdynamodb.ProjectionType_INCLUDE,
			NonKeyAttributes: jsii.Strings("amount"),
		})
	}
	newThrottledAlarm(table, indexes)
	if !protected {
		cdknag.NagSuppressions_AddResourceSuppressions(table, &[]*cdknag.NagPackSuppression{{
			Id:     new("AwsSolutions-DDB3"),
			Reason: new("An unprotected environment holds test data only, which need no recovery."),
		}}, nil)
	}
	return table
}
