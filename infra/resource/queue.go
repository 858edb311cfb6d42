package resource

import (
	"fmt"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"
)

// dataKeyReuse is how long SQS uses a data key before it calls KMS again: for so
// long a queue can still be used when its key no longer can. DynamoDB's period is
// the same. SQS's formula makes of it some 26,000 calls a month for a queue with one
// sender and one receiver, 0.08 USD
// (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html).
const dataKeyReuse = 5 * time.Minute

// NewQueue makes a queue that is encrypted and cannot be used without TLS. Without a
// key of the account SQS encrypts it with its own.
//
// The key is set on CloudFormation's resource. A rule's target that finds it on the
// CDK's queue allows every rule of the account to send to the queue, and not the
// one rule.
func NewQueue(scope constructs.Construct, id string, key awskms.IKey, props awssqs.QueueProps) awssqs.Queue {
	props.EnforceSSL = new(true)
	if key == nil {
		props.Encryption = awssqs.QueueEncryption_SQS_MANAGED
		return awssqs.NewQueue(scope, &id, &props)
	}
	queue := awssqs.NewQueue(scope, &id, &props)
	cfnQueue, ok := queue.Node().DefaultChild().(awssqs.CfnQueue)
	if !ok {
		panic(fmt.Sprintf("queue %s has no resource of CloudFormation", id))
	}
	cfnQueue.SetKmsMasterKeyId(key.KeyArn())
	cfnQueue.SetKmsDataKeyReusePeriodSeconds(new(dataKeyReuse.Seconds()))
	// Rules send to the queue: SQS supports this condition for EventBridge, as
	// dataKeyReuse's source has it.
	admit(key, ServicePrincipal(scope, "events.amazonaws.com"), nil, "kms:Decrypt", "kms:GenerateDataKey")
	return queue
}
