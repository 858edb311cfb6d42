package boundedcontext

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"
)

// dueIndex is the name of the index of what is due.
const dueIndex = "due"

// table makes the dedup table. Its keys are the service's own matter, but for
// those of the index of what is due.
func table(scope constructs.Construct, protected, indexed bool) awsdynamodb.ITable {
	removal := awscdk.RemovalPolicy_DESTROY
	if protected {
		removal = awscdk.RemovalPolicy_RETAIN
	}
	made := awsdynamodb.NewTable(scope, new("Table"), &awsdynamodb.TableProps{
		PartitionKey:        &awsdynamodb.Attribute{Name: new("pk"), Type: awsdynamodb.AttributeType_STRING},
		BillingMode:         awsdynamodb.BillingMode_PAY_PER_REQUEST,
		TimeToLiveAttribute: new("expires_at"),
		DeletionProtection:  &protected,
		RemovalPolicy:       removal,
		PointInTimeRecoverySpecification: &awsdynamodb.PointInTimeRecoverySpecification{
			PointInTimeRecoveryEnabled: &protected,
		},
	})
	if indexed {
		made.AddGlobalSecondaryIndex(&awsdynamodb.GlobalSecondaryIndexProps{
			IndexName:      new(dueIndex),
			PartitionKey:   &awsdynamodb.Attribute{Name: new("open"), Type: awsdynamodb.AttributeType_STRING},
			SortKey:        &awsdynamodb.Attribute{Name: new("due"), Type: awsdynamodb.AttributeType_NUMBER},
			ProjectionType: awsdynamodb.ProjectionType_KEYS_ONLY,
		})
	}
	watchTable(made, indexed)
	if !protected {
		cdknag.NagSuppressions_AddResourceSuppressions(made, &[]*cdknag.NagPackSuppression{{
			Id:     new("AwsSolutions-DDB3"),
			Reason: new("An unprotected environment holds test data only, which nobody recovers."),
		}}, nil)
	}
	return made
}
