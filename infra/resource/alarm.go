package resource

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// SetRunbooks sets the location of the pages that the alarms in the scope name:
// a folder, or a URL, which is a link in e-mails. It ends with a slash. Call it
// before anything else is added to the scope, as the CDK requires of context.
// Without it alarms name no page.
func SetRunbooks(scope constructs.Construct, location string) {
	if !strings.HasSuffix(location, "/") {
		panic(fmt.Sprintf("runbooks of %q: the location %q does not end with a slash", *scope.Node().Path(), location))
	}
	scope.Node().SetContext(new(runbooksContext), location)
}

// runbooksContext is the key of the location in the context of the CDK.
const runbooksContext = "runbooks"

// AlarmProps describes an alarm.
type AlarmProps struct {
	// Metric is compared with the Threshold. It has its own period and statistic.
	Metric awscloudwatch.IMetric
	// Threshold is the highest value that raises no alarm.
	Threshold float64
	// Periods is how many periods in a row must be above the Threshold: more than
	// one for a failure that mostly passes by itself. Zero means one.
	Periods int
	// MissingIsAlarm is for a metric that is written all the time: missing data
	// then means that the function which writes it has failed.
	MissingIsAlarm bool
	// Advice is the alarm's description: what has happened, and where to look.
	Advice string
	// Runbook is the file name of the page that describes what to do, in the
	// location of SetRunbooks.
	Runbook string
}

func (p AlarmProps) validate() error {
	var problems []error
	if p.Metric == nil {
		problems = append(problems, errors.New("no Metric"))
	}
	if p.Threshold < 0 {
		problems = append(problems, fmt.Errorf("a Threshold of %g is negative", p.Threshold))
	}
	if p.Periods < 0 {
		problems = append(problems, fmt.Errorf("a number of %d Periods is negative", p.Periods))
	}
	if p.Advice == "" {
		problems = append(problems, errors.New("no Advice"))
	}
	if !strings.HasSuffix(p.Runbook, ".md") {
		problems = append(problems, fmt.Errorf("the Runbook %q is not the name of a .md file", p.Runbook))
	}
	return errors.Join(problems...)
}

// NewAlarm makes an alarm that is raised when the metric is above its threshold. In a
// scope that is not monitored it makes none, and returns nil (see [DisableMonitoring]).
func NewAlarm(scope constructs.Construct, id string, props AlarmProps) awscloudwatch.Alarm {
	err := props.validate()
	if err == nil {
		err = CheckIDs(scope, id)
	}
	if err != nil {
		panic(fmt.Sprintf("alarm %s: %v", id, err))
	}
	if !IsMonitored(scope) {
		return nil
	}
	missing := awscloudwatch.TreatMissingData_NOT_BREACHING
	if props.MissingIsAlarm {
		missing = awscloudwatch.TreatMissingData_BREACHING
	}
	return awscloudwatch.NewAlarm(scope, &id, &awscloudwatch.AlarmProps{
		Metric:             props.Metric,
		Threshold:          &props.Threshold,
		ComparisonOperator: awscloudwatch.ComparisonOperator_GREATER_THAN_THRESHOLD,
		EvaluationPeriods:  jsii.Number(max(props.Periods, 1)),
		TreatMissingData:   missing,
		AlarmDescription:   new(alarmDescription(scope, props)),
	})
}

func alarmDescription(scope constructs.Construct, props AlarmProps) string {
	location, isSet := scope.Node().TryGetContext(new(runbooksContext)).(string)
	if !isSet {
		return props.Advice
	}
	return props.Advice + " Runbook: " + location + props.Runbook
}
