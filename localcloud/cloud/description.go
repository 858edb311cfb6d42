package cloud

import (
	"maps"

	"example.com/saga/localcloud/assembly"
)

// Addresses are the stack's name and the addresses at which it answers.
type Addresses struct {
	StackName      string `json:"stackName"`
	AWSEndpointURL string `json:"awsEndpointUrl"`
	// DeliveriesURL shows what API destinations have delivered. It is empty if all
	// of them deliver elsewhere.
	DeliveriesURL string `json:"deliveriesUrl,omitempty"`
	UsageURL      string `json:"usageUrl"`
	// IdleURL is answered with 204 as soon as nothing is pending.
	IdleURL   string `json:"idleUrl"`
	TracesURL string `json:"tracesUrl"`
	// ActivityURL streams what happens.
	ActivityURL string `json:"activityUrl"`
	// FaultsURL shows and changes the faults and which functions are paused.
	FaultsURL string `json:"faultsUrl"`
	Region    string `json:"region"`
	// FunctionURLs are the URLs of the functions that have one, by construct paths.
	FunctionURLs map[string]string `json:"functionUrls"`
	// Outputs are the stack's outputs by name.
	Outputs map[string]string `json:"outputs"`
}

// Description is where everything of the stack is, by construct paths.
type Description struct {
	Addresses

	Queues    map[string]string `json:"queues"`
	Tables    map[string]string `json:"tables"`
	Functions map[string]string `json:"functions"`
	Buses     map[string]string `json:"buses"`
	Archives  map[string]string `json:"archives"`
	// Rules are as CloudFormation has them: the names of bus and rule, with a |
	// between them.
	Rules       map[string]string `json:"rules"`
	LogGroups   map[string]string `json:"logGroups"`
	Connections map[string]string `json:"connections"`
	Secrets     map[string]string `json:"secrets"`
}

// Describe returns where everything of the stack is.
func (c *Cloud) Describe() Description {
	description := Description{
		Addresses: Addresses{
			StackName: c.assembly.Stack, Region: c.config.Region, AWSEndpointURL: c.address,
			UsageURL: c.address + "/usage", IdleURL: c.address + "/idle", TracesURL: c.address + "/traces",
			ActivityURL: c.address + "/activity", FaultsURL: c.address + "/faults",
			FunctionURLs: map[string]string{}, Outputs: maps.Clone(c.assembly.Outputs),
		},
		Queues:      refs[assembly.Queue](c.assembly),
		Tables:      names[assembly.Table](c.assembly),
		Functions:   names[assembly.Function](c.assembly),
		Buses:       names[assembly.EventBus](c.assembly),
		Archives:    names[assembly.Archive](c.assembly),
		Rules:       refs[assembly.Rule](c.assembly),
		LogGroups:   names[assembly.LogGroup](c.assembly),
		Connections: names[assembly.Connection](c.assembly),
		Secrets:     names[assembly.Secret](c.assembly),
	}
	if c.config.DestinationURLs[""] == "" {
		description.DeliveriesURL = c.address + deliveriesPath
	}
	for _, url := range assembly.Of[assembly.URL](c.assembly) {
		description.FunctionURLs[url.Function] = url.Address
	}
	return description
}

func names[T any](stack *assembly.Assembly) map[string]string {
	return byPath[T](stack, func(r assembly.Resource) string { return r.Name })
}

func refs[T any](stack *assembly.Assembly) map[string]string {
	return byPath[T](stack, func(r assembly.Resource) string { return r.Ref })
}

// byPath returns something of every resource of a type, by the construct paths.
func byPath[T, V any](stack *assembly.Assembly, of func(assembly.Resource) V) map[string]V {
	found := map[string]V{}
	for resource := range assembly.Of[T](stack) {
		found[resource.Path] = of(resource)
	}
	return found
}

// Stack returns the stack's name.
func (c *Cloud) Stack() string { return c.assembly.Stack }
