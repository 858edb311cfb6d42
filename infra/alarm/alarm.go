// Package alarm makes alarms whose descriptions tell a person what to do.
package alarm

import (
	"errors"
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/constructs-go/constructs/v10"
)

// Props describes an alarm.
type Props struct {
	// Metric is what is watched, with its period and statistic.
	Metric awscloudwatch.IMetric
	// Above is the highest value that is in order.
	Above float64
	// Continuous is set for a metric that is always written: if it is not,
	// whoever writes it has failed, which is an alarm too.
	Continuous bool
	// Advice says what has happened and what to do about it.
	Advice string
}

func (p Props) validate() error {
	var problems []error
	if p.Metric == nil {
		problems = append(problems, errors.New("no Metric"))
	}
	if p.Above < 0 {
		problems = append(problems, fmt.Errorf("an Above of %g is negative", p.Above))
	}
	if p.Advice == "" {
		problems = append(problems, errors.New("no Advice"))
	}
	return errors.Join(problems...)
}

// New makes an alarm that is raised by the first period above.
func New(scope constructs.Construct, id string, props Props) {
	if err := props.validate(); err != nil {
		panic(fmt.Sprintf("alarm %s: %v", id, err))
	}
	missing := awscloudwatch.TreatMissingData_NOT_BREACHING
	if props.Continuous {
		missing = awscloudwatch.TreatMissingData_BREACHING
	}
	awscloudwatch.NewAlarm(scope, &id, &awscloudwatch.AlarmProps{
		Metric:             props.Metric,
		Threshold:          &props.Above,
		ComparisonOperator: awscloudwatch.ComparisonOperator_GREATER_THAN_THRESHOLD,
		EvaluationPeriods:  new(1.0),
		TreatMissingData:   missing,
		AlarmDescription:   &props.Advice,
	})
}
