package alarm

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssnssubscriptions"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"example.com/saga/infra/deputy"
)

// Call lets every alarm that is in the scope by now write to an e-mail address,
// when it is raised and when it is over. AWS asks the address for consent
// first.
func Call(scope constructs.Construct, id, address string) {
	this := constructs.NewConstruct(scope, &id)
	topic := awssns.NewTopic(this, new("Topic"), &awssns.TopicProps{
		EnforceSSL: new(true),
		MasterKey:  key(this),
	})
	// A topic that has a policy admits nobody else, not even the own account's
	// alarms.
	topic.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: alarms(this),
		Actions:    jsii.Strings("sns:Publish"),
		Resources:  &[]*string{topic.TopicArn()},
	}))
	topic.AddSubscription(awssnssubscriptions.NewEmailSubscription(&address, nil))
	action := awscloudwatchactions.NewSnsAction(topic)
	for _, construct := range *scope.Node().FindAll(constructs.ConstructOrder_PREORDER) {
		if raised, isAlarm := construct.(awscloudwatch.Alarm); isAlarm {
			raised.AddAlarmAction(action)
			raised.AddOkAction(action)
		}
	}
}

// key encrypts what waits in the topic. The key that AWS keeps for SNS would not
// do: its policy cannot admit alarms.
func key(scope constructs.Construct) awskms.Key {
	made := awskms.NewKey(scope, new("Key"), &awskms.KeyProps{
		EnableKeyRotation: new(true),
		// Nothing that it encrypts lasts.
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	made.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: alarms(scope),
		Actions:    jsii.Strings("kms:Decrypt", "kms:GenerateDataKey*"),
		Resources:  jsii.Strings("*"), // In a key's policy this is the key.
	}), nil)
	return made
}

func alarms(scope constructs.Construct) *[]awsiam.IPrincipal {
	return &[]awsiam.IPrincipal{deputy.Of(scope, "cloudwatch.amazonaws.com")}
}
