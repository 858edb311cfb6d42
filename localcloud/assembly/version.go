package assembly

import "fmt"

// functionAt is a function to which other resources belong.
type functionAt struct {
	path, arn string
	// hasVersion and hasURL are set by the resources that are its version and its URL.
	hasVersion, hasURL bool
}

// function returns the function that a property names. If it is not in the stack,
// an empty one is returned, and an error unless the property is missing too, which
// is reported already.
func (p location) function(property, name string) (*functionAt, error) {
	found := p.functions[name]
	switch {
	case found != nil:
		return found, nil
	case name == "":
		return new(functionAt), nil
	default:
		return new(functionAt), fmt.Errorf("property %s: the function %s is not in the stack", property, name)
	}
}

// firstVersion is the number of the one version that a template can have of a
// function.
const firstVersion = "1"

// Version is an AWS::Lambda::Version.
type Version struct {
	FunctionName string   `cfn:"FunctionName,required"`
	Description  Harmless `cfn:"Description" why:"only a reader sees it"`

	// FunctionARN is that of the function.
	FunctionARN string
}

// identify refuses a second version of a function, as CloudFormation does: there is
// nothing to publish, because the function has not changed since the first.
func (v *Version) identify(at location) identity {
	function, err := at.function("FunctionName", v.FunctionName)
	arn := function.arn + ":" + firstVersion
	made := identity{name: firstVersion, ref: arn, arn: arn, attributes: map[string]string{"Version": firstVersion, "FunctionArn": arn}}
	made.add(err)
	made.when(function.hasVersion, "a version for this Lambda function exists ( %s ). Modify the function to create a new version", firstVersion)
	function.hasVersion, v.FunctionARN = true, function.arn
	return made
}

// Alias is an AWS::Lambda::Alias.
type Alias struct {
	FunctionName    string `cfn:"FunctionName,required"`
	FunctionVersion string `cfn:"FunctionVersion,required"`
	Name            string `cfn:"Name,required"`
	// RoutingConfig is which share of the invocations, from 0 to 1, goes to another version.
	RoutingConfig struct {
		AdditionalVersionWeights []struct {
			FunctionVersion string  `cfn:"FunctionVersion,required"`
			FunctionWeight  float64 `cfn:"FunctionWeight,required"`
		} `cfn:"AdditionalVersionWeights"`
	} `cfn:"RoutingConfig"`
	Description Harmless `cfn:"Description" why:"only a reader sees it"`

	// FunctionARN is that of the function.
	FunctionARN string
}

func (a *Alias) identify(at location) identity {
	function, err := at.function("FunctionName", a.FunctionName)
	a.FunctionARN = function.arn
	arn := function.arn + ":" + a.Name
	made := identity{name: a.Name, ref: arn, arn: arn, attributes: map[string]string{"AliasArn": arn}}
	made.add(err)
	return made
}
