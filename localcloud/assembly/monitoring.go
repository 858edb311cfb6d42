package assembly

// The types of this file alarm a person, or encrypt for that. They are parsed,
// so that errors in them are refused, and have no effect.

// Alarm is an AWS::CloudWatch::Alarm. The local cloud keeps no metrics, so no
// alarm is ever raised; the dead-letter queues and logs have to be checked
// instead.
type Alarm struct {
	AlarmName        string   `cfn:"AlarmName"`
	_                Harmless `cfn:"ActionsEnabled AlarmActions ComparisonOperator,required DatapointsToAlarm EvaluationPeriods,required InsufficientDataActions OKActions Threshold" why:"no alarm is ever raised"`
	AlarmDescription Harmless `cfn:"AlarmDescription" why:"only a reader sees it"`
	_                Harmless `cfn:"Dimensions MetricName Metrics Namespace Period Statistic TreatMissingData Unit" why:"no metrics are kept"`
	Tags             Harmless `cfn:"Tags" why:"nothing bills or selects by tag"`
}

func (a *Alarm) identify(at location) identity {
	return at.named(a.AlarmName, 255, "cloudwatch", "alarm:")
}

// Dashboard is an AWS::CloudWatch::Dashboard. Without metrics it has nothing to
// show.
type Dashboard struct {
	DashboardName string   `cfn:"DashboardName"`
	DashboardBody Harmless `cfn:"DashboardBody,required" why:"no metrics are kept"`
}

func (d *Dashboard) identify(at location) identity {
	name := at.physicalName(d.DashboardName, 255)
	return identity{name: name, ref: name}
}

// Topic is an AWS::SNS::Topic. Only alarms publish to it.
type Topic struct {
	TopicName      string   `cfn:"TopicName"`
	DisplayName    Harmless `cfn:"DisplayName" why:"only a reader sees it"`
	KMSMasterKeyID Harmless `cfn:"KmsMasterKeyId" why:"nothing is stored, so nothing is encrypted"`
	Tags           Harmless `cfn:"Tags" why:"nothing bills or selects by tag"`
}

func (t *Topic) identify(at location) identity {
	name := at.physicalName(t.TopicName, 256)
	arn := at.arn("sns", name)
	return identity{name: name, ref: arn, arn: arn, attributes: map[string]string{"TopicArn": arn, "TopicName": name}}
}

// TopicPolicy is an AWS::SNS::TopicPolicy.
type TopicPolicy struct {
	unnamed

	_ Harmless `cfn:"PolicyDocument,required Topics,required" why:"no alarm is ever raised, so nothing is published"`
}

// Subscription is an AWS::SNS::Subscription.
type Subscription struct {
	Endpoint Harmless `cfn:"Endpoint" why:"no alarm is ever raised, so nothing is sent"`
	Protocol string   `cfn:"Protocol,required" values:"email"`
	TopicARN string   `cfn:"TopicArn,required"`
}

func (s *Subscription) identify(at location) identity {
	arn := s.TopicARN + ":" + at.uuid()
	return identity{name: at.logicalID, ref: arn, arn: arn, attributes: map[string]string{"Arn": arn}}
}

// Key is an AWS::KMS::Key.
type Key struct {
	Description Harmless `cfn:"Description" why:"only a reader sees it"`
	_           Harmless `cfn:"EnableKeyRotation KeyPolicy PendingWindowInDays" why:"nothing is stored, so nothing is encrypted"`
	Tags        Harmless `cfn:"Tags" why:"nothing bills or selects by tag"`
}

func (*Key) identify(at location) identity {
	return at.named(at.uuid(), 36, "kms", "key/").with("KeyId", at.uuid())
}
