// Package shift names the ways in which a new version of a Lambda function takes
// over from the one before it.
package shift

import "fmt"

// Shift is how the invocations of a function move from its current version to a
// new one. All but AllAtOnce are those of the predefined configurations of AWS
// CodeDeploy
// (https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html)
// that take longer than 20 minutes: the alarm for a function that keeps failing
// needs a quarter of an hour, so a shorter shift would be over before the alarm
// could stop it.
type Shift string

// The shifts.
const (
	// AllAtOnce moves all invocations at once, and nothing moves them back.
	AllAtOnce Shift = ""
	// Canary10Percent30Minutes moves a tenth at once, and the rest after half an
	// hour.
	Canary10Percent30Minutes Shift = "Canary10Percent30Minutes"
	// Linear10PercentEvery3Minutes moves a tenth at once and another every three
	// minutes, which takes 27 minutes.
	Linear10PercentEvery3Minutes Shift = "Linear10PercentEvery3Minutes"
	// Linear10PercentEvery10Minutes moves a tenth at once and another every ten
	// minutes, which takes an hour and a half.
	Linear10PercentEvery10Minutes Shift = "Linear10PercentEvery10Minutes"
)

// Validate returns an error if the shift is none of these.
func (s Shift) Validate() error {
	switch s {
	case AllAtOnce, Canary10Percent30Minutes, Linear10PercentEvery3Minutes, Linear10PercentEvery10Minutes:
		return nil
	}
	return fmt.Errorf("%q is not AllAtOnce, %s, %s or %s",
		string(s), Canary10Percent30Minutes, Linear10PercentEvery3Minutes, Linear10PercentEvery10Minutes)
}

// Configuration returns the name of CodeDeploy's configuration. AllAtOnce needs
// none, because CloudFormation moves the invocations itself.
func (s Shift) Configuration() string {
	return "CodeDeployDefault.Lambda" + string(s)
}
