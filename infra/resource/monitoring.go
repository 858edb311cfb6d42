package resource

import "github.com/aws/constructs-go/constructs/v10"

// DisableMonitoring leaves out what watches the resources in the scope: no alarms are
// made, and the functions of bounded contexts write no metrics of their own. Both cost
// the same whether anything happens or not. Call it before anything else is added to
// the scope, as the CDK requires of context. Without it everything is monitored.
func DisableMonitoring(scope constructs.Construct) {
	scope.Node().SetContext(new(monitoringContext), false)
}

// IsMonitored reports whether DisableMonitoring was called for the scope or for one
// that contains it.
func IsMonitored(scope constructs.IConstruct) bool {
	monitored, isSet := scope.Node().TryGetContext(new(monitoringContext)).(bool)
	return monitored || !isSet
}

// monitoringContext is the key of the setting in the context of the CDK.
const monitoringContext = "monitoring"
