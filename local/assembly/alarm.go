package assembly

// Alarm is an AWS::CloudWatch::Alarm. The local cloud keeps no metrics, so no
// alarm is ever raised; whoever runs it looks at the dead-letter queues and
// logs themselves.
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
	Namespace               Harmless `cfn:"Namespace" why:"no metrics are kept"`
	OKActions               Harmless `cfn:"OKActions" why:"no alarm is ever raised"`
	Period                  Harmless `cfn:"Period" why:"no metrics are kept"`
	Statistic               Harmless `cfn:"Statistic" why:"no metrics are kept"`
	Tags                    Harmless `cfn:"Tags" why:"nothing bills or selects by tag"`
	Threshold               Harmless `cfn:"Threshold" why:"no alarm is ever raised"`
	TreatMissingData        Harmless `cfn:"TreatMissingData" why:"no metrics are kept"`
	Unit                    Harmless `cfn:"Unit" why:"no metrics are kept"`
}

func (a *Alarm) identify(at place) (identity, error) {
	name := at.named(a.AlarmName, 255)
	arn := at.arn("cloudwatch", "alarm:"+name)
	return identity{name: name, ref: name, arn: arn, attributes: map[string]string{"Arn": arn}}, nil
}
