package assembly

// The types of this file alarm a person, or encrypt for that. They are parsed,
// so that errors in them are refused, and have no effect.

// Alarm is an AWS::CloudWatch::Alarm. The local cloud keeps no metrics, so no
// alarm is ever raised; the dead-letter queues and logs have to be checked
// instead.
type Alarm struct {
	AlarmName               string   `cfn:"AlarmName"`
	ActionsEnabled          Harmless `cfn:"ActionsEnabled" why:"no alarm is ever raised"`
	AlarmActions            Harmless `cfn:"AlarmActions" why:"no alarm is ever raised"`
	AlarmDescription        Harmless `cfn:"AlarmDescription" why:"only a reader sees it"`
	ComparisonOperator      Harmless `cfn:"ComparisonOperator,required" why:"no alarm is ever raised"`
	DatapointsToAlarm       Harmless `cfn:"DatapointsToAlarm" why:"no alarm is ever raised"`
	Dimensions              Harmless `cfn:"Dimensions" why:"no metrics are kept"`
	EvaluationPeriods       Harmless `cfn:"EvaluationPeriods,required" why:"no alarm is ever raised"`
	InsufficientDataActions Harmless `cfn:"InsufficientDataActions" why:"no alarm is ever raised"`
	MetricName              Harmless `cfn:"MetricName" why:"no metrics are kept"`
	Metrics                 Harmless `cfn:"Metrics" why:"no metrics are kept"`
	Namespace               Harmless `cfn:"Namespace" why:"no metrics are kept"`
	OKActions               Harmless `cfn:"OKActions" why:"no alarm is ever raised"`
	Period                  Harmless `cfn:"Period" why:"no metrics are kept"`
	Statistic               Harmless `cfn:"Statistic" why:"no metrics are kept"`
	Tags                    Harmless `cfn:"Tags" why:"nothing bills or selects by tag"`
	Threshold               Harmless `cfn:"Threshold" why:"no alarm is ever raised"`
	TreatMissingData        Harmless `cfn:"TreatMissingData" why:"no metrics are kept"`
	Unit                    Harmless `cfn:"Unit" why:"no metrics are kept"`
}

func (a *Alarm) identify(at location) (identity, error) {
	name := at.physicalName(a.AlarmName, 255)
	arn := at.arn("cloudwatch", "alarm:"+name)
	return identity{name: name, ref: name, arn: arn, attributes: map[string]string{"Arn": arn}}, nil
}

// Dashboard is an AWS::CloudWatch::Dashboard. Without metrics it has nothing to
// show.
type Dashboard struct {
	DashboardName string   `cfn:"DashboardName"`
	DashboardBody Harmless `cfn:"DashboardBody,required" why:"no metrics are kept"`
}

func (d *Dashboard) identify(at location) (identity, error) {
	name := at.physicalName(d.DashboardName, 255)
	return identity{name: name, ref: name}, nil
}

// Topic is an AWS::SNS::Topic. Only alarms publish to it.
type Topic struct {
	TopicName      string   `cfn:"TopicName"`
	DisplayName    Harmless `cfn:"DisplayName" why:"only a reader sees it"`
	KMSMasterKeyID Harmless `cfn:"KmsMasterKeyId" why:"nothing is stored, so nothing is encrypted"`
	Tags           Harmless `cfn:"Tags" why:"nothing bills or selects by tag"`
}

func (t *Topic) identify(at location) (identity, error) {
	name := at.physicalName(t.TopicName, 256)
	arn := at.arn("sns", name)
	return identity{name: name, ref: arn, arn: arn, attributes: map[string]string{"TopicArn": arn, "TopicName": name}}, nil
}

// TopicPolicy is an AWS::SNS::TopicPolicy.
type TopicPolicy struct {
	unnamed

	PolicyDocument Harmless `cfn:"PolicyDocument,required" why:"no alarm is ever raised, so nothing is published"`
	Topics         Harmless `cfn:"Topics,required" why:"no alarm is ever raised, so nothing is published"`
}

// Subscription is an AWS::SNS::Subscription.
type Subscription struct {
	Endpoint Harmless `cfn:"Endpoint" why:"no alarm is ever raised, so nothing is sent"`
	Protocol string   `cfn:"Protocol,required" values:"email"`
	TopicARN string   `cfn:"TopicArn,required"`
}

func (s *Subscription) identify(at location) (identity, error) {
	arn := s.TopicARN + ":" + at.uuid()
	return identity{name: at.logicalID, ref: arn, arn: arn, attributes: map[string]string{"Arn": arn}}, nil
}

// Key is an AWS::KMS::Key.
type Key struct {
	Description         Harmless `cfn:"Description" why:"only a reader sees it"`
	EnableKeyRotation   Harmless `cfn:"EnableKeyRotation" why:"nothing is stored, so nothing is encrypted"`
	KeyPolicy           Harmless `cfn:"KeyPolicy" why:"nothing is stored, so nothing is encrypted"`
	PendingWindowInDays Harmless `cfn:"PendingWindowInDays" why:"nothing is stored, so nothing is encrypted"`
	Tags                Harmless `cfn:"Tags" why:"nothing bills or selects by tag"`
}

func (*Key) identify(at location) (identity, error) {
	id := at.uuid()
	arn := at.arn("kms", "key/"+id)
	return identity{name: id, ref: id, arn: arn, attributes: map[string]string{"Arn": arn, "KeyId": id}}, nil
}
