package boundedcontext

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"
)

// table makes the dedup table. Its keys are the service's own matter.
func table(scope constructs.Construct, protected bool) awsdynamodb.ITable {
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
	if !protected {
		cdknag.NagSuppressions_AddResourceSuppressions(made, &[]*cdknag.NagPackSuppression{{
			Id:     new("AwsSolutions-DDB3"),
			Reason: new("An unprotected environment holds test data only, which nobody recovers."),
		}}, nil)
	}
	return made
}
