// Package alarm makes alarms whose descriptions tell a person what has happened
// and where it is written what to do, and a topic that calls that person.
package alarm

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// Runbooks says where the pages are that the alarms in the scope name: a folder,
// or an address that is a link in mails, with a slash at its end. It comes before
// everything in the scope. Without it alarms name no pages.
func Runbooks(scope constructs.Construct, where string) {
	scope.Node().SetContext(new(runbooks), where)
}

const runbooks = "runbooks"

// Props describes an alarm.
type Props struct {
	// Metric is what is watched, with its period and statistic.
	Metric awscloudwatch.IMetric
	// Above is the highest value that is in order.
	Above float64
	// Periods is how many periods in a row must be above: more than one for what
	// mostly passes by itself. Zero means one.
	Periods int
	// Continuous is set for a metric that is always written: if it is not,
	// whoever writes it has failed, which is an alarm too.
	Continuous bool
	// Advice says what has happened.
	Advice string
	// Runbook is the name of the page that says what to do about it, where
	// Runbooks are.
	Runbook string
}

func (p Props) validate() error {
	var problems []error
	if p.Metric == nil {
		problems = append(problems, errors.New("no Metric"))
	}
	if p.Above < 0 {
		problems = append(problems, fmt.Errorf("an Above of %g is negative", p.Above))
	}
	if p.Periods < 0 {
		problems = append(problems, fmt.Errorf("a number of %d Periods is negative", p.Periods))
	}
	if p.Advice == "" {
		problems = append(problems, errors.New("no Advice"))
	}
	if !strings.HasSuffix(p.Runbook, ".md") {
		problems = append(problems, fmt.Errorf("the Runbook %q is not a page", p.Runbook))
	}
	return errors.Join(problems...)
}

// New makes an alarm that is raised when its periods are above.
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
		EvaluationPeriods:  jsii.Number(max(props.Periods, 1)),
		TreatMissingData:   missing,
		AlarmDescription:   new(description(scope, props)),
	})
}

func description(scope constructs.Construct, props Props) string {
	where, known := scope.Node().TryGetContext(new(runbooks)).(string)
	if !known {
		return props.Advice
	}
	return props.Advice + " Runbook: " + where + props.Runbook
}
