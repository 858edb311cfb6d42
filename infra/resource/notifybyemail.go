package resource

import (
	"errors"
	"fmt"
	"net/mail"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssnssubscriptions"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// NotifyByEmail sends an e-mail to the address when an alarm is raised and when
// it is over: for every alarm that is in the scope when it is called. AWS first
// sends the address a link with which it consents.
func NotifyByEmail(scope constructs.Construct, id, address string) {
	if err := errors.Join(CheckIDs(scope, id), checkAddress(address)); err != nil {
		panic(fmt.Sprintf("notification of alarms %s: %v", id, err))
	}
	this := constructs.NewConstruct(scope, &id)
	topic := awssns.NewTopic(this, new("Topic"), &awssns.TopicProps{
		EnforceSSL: new(true),
		MasterKey:  topicKey(this),
	})
	// A topic with a policy admits what the policy names and nothing else, not
	// even the alarms of its own account.
	topic.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: alarmPrincipals(this),
		Actions:    jsii.Strings("sns:Publish"),
		Resources:  &[]*string{topic.TopicArn()},
	}))
	topic.AddSubscription(awssnssubscriptions.NewEmailSubscription(&address, nil))
	action := awscloudwatchactions.NewSnsAction(topic)
	for _, construct := range *scope.Node().FindAll(constructs.ConstructOrder_PREORDER) {
		if alarm, isAlarm := construct.(awscloudwatch.Alarm); isAlarm {
			alarm.AddAlarmAction(action)
			alarm.AddOkAction(action)
		}
	}
}

// checkAddress accepts a token, whose value is known at deployment only.
func checkAddress(address string) error {
	if isToken(address) {
		return nil
	}
	if parsed, err := mail.ParseAddress(address); err != nil || parsed.Address != address {
		return fmt.Errorf("%q is not an e-mail address alone", address)
	}
	return nil
}

// topicKey makes the key that encrypts the topic's messages. The key that AWS
// manages for SNS does not work here: its policy cannot admit alarms.
func topicKey(scope constructs.Construct) awskms.Key {
	key := awskms.NewKey(scope, new("Key"), &awskms.KeyProps{
		EnableKeyRotation: new(true),
		// A message is not kept after its delivery, so the key can go.
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	key.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: alarmPrincipals(scope),
		Actions:    jsii.Strings("kms:Decrypt", "kms:GenerateDataKey*"),
		Resources:  jsii.Strings("*"), // In a key's policy this is the key.
	}), nil)
	return key
}

func alarmPrincipals(scope constructs.Construct) *[]awsiam.IPrincipal {
	return &[]awsiam.IPrincipal{ServicePrincipal(scope, "cloudwatch.amazonaws.com")}
}
