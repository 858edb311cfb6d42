package boundedcontext

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
)

// shortestRetention is how long a message can wait in a queue and its dead-letter
// queue.
const shortestRetention = 28 * 24 * time.Hour

// checkService checks a name that is in logs and metrics.
func checkService(name string) error {
	if name == "" {
		return errors.New("no Service")
	}
	if !regexp.MustCompile(`^[A-Za-z][\w.-]{0,254}$`).MatchString(name) {
		return fmt.Errorf("the Service %q is not a letter and then up to 254 letters, digits, dots, hyphens and underscores", name)
	}
	return nil
}

// checkNamespace checks a namespace of metrics, unless it is a token, whose value is
// known at deployment only
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#Namespace).
func checkNamespace(namespace string) error {
	if namespace == "" || *awscdk.Token_IsUnresolved(namespace) {
		return nil
	}
	accepted := regexp.MustCompile(`^[\w./# -][\w./#: -]{0,254}$`).MatchString(namespace)
	if !accepted || strings.TrimSpace(namespace) == "" || strings.HasPrefix(namespace, "AWS/") {
		return fmt.Errorf("the MetricsNamespace %q is not up to 255 letters, digits, spaces and ._-/#:, or begins with AWS/", namespace)
	}
	return nil
}

func checkRetention(retention time.Duration) error {
	if retention <= 0 {
		return errors.New("no Retention")
	}
	// Items of a table expire at a second.
	if retention < shortestRetention || retention%time.Second != 0 {
		return fmt.Errorf("a Retention of %s has a fraction of a second, or is shorter than the %s that a message can wait in a queue and its dead-letter queue",
			retention, shortestRetention)
	}
	return nil
}

// checkGroupBy checks the path to a message group: EventBridge accepts 100 characters,
// and an index or a wildcard could lead to something other than one text
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html).
func checkGroupBy(path string) error {
	if len(path) > 100 || !regexp.MustCompile(`^\$(\.[\w-]+)+$`).MatchString(path) {
		return fmt.Errorf("the GroupBy %q is not a path into the event, such as $.detail.subject, of up to 100 characters", path)
	}
	return nil
}

func (f Function) checkArtefact() error {
	if f.Artefact == "" {
		return errors.New("no Artefact")
	}
	if _, err := os.Stat(filepath.Join(f.Artefact, "bootstrap")); err != nil {
		return fmt.Errorf("in Artefact: %w", err)
	}
	return nil
}

func (f Function) checkTableActions() error {
	var problems []error
	if len(f.TableActions) == 0 {
		problems = append(problems, errors.New("no TableActions"))
	}
	for _, action := range f.TableActions {
		if !regexp.MustCompile(`^[A-Za-z]+$`).MatchString(action) {
			problems = append(problems, fmt.Errorf("in TableActions: %q is not the name of one operation", action))
		}
	}
	return errors.Join(problems...)
}

// checkVariables returns an error that names the variables which the context
// sets itself, and those that Lambda refuses or sets
// (https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html).
func (f Function) checkVariables() error {
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(f.Variables)) {
		switch {
		case slices.Contains(ownVariables(), name):
			problems = append(problems, fmt.Errorf("in Variables: %s is set by the context itself", name))
		case !regexp.MustCompile(`^[A-Za-z]\w+$`).MatchString(name):
			problems = append(problems, fmt.Errorf("in Variables: %q is not a letter and then one or more letters, digits and underscores", name))
		case strings.HasPrefix(name, "AWS_LAMBDA_"), slices.Contains(lambdaVariables(), name):
			problems = append(problems, fmt.Errorf("in Variables: %s is set by Lambda", name))
		}
	}
	return errors.Join(problems...)
}

func ownVariables() []string {
	return []string{
		"DEAD_LETTER_QUEUE_URL", "EVENT_BUS_NAME", "GOMAXPROCS", "GOMEMLIMIT", "IMMEDIATE_QUEUE_URL", "LOG_LEVEL", "METRICS_NAMESPACE",
		"QUEUE_URL", "RETENTION", "SERVICE_NAME", "TABLE_NAME",
	}
}

// lambdaVariables are those that Lambda reserves, besides AWS_LAMBDA_….
func lambdaVariables() []string {
	return []string{
		"AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV", "AWS_REGION", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
		"LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT",
	}
}
