package assembly_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/localcloud/assembly"
)

const withParameters = `{
	"Parameters": {
		"BootstrapVersion": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/cdk-bootstrap/hnb659fds/version"},
		"Names": {"Type": "CommaDelimitedList", "Default": "a, b"},
		"Seconds": {"Type": "Number", "Default": 30, "MinValue": 1, "MaxValue": "60"},
		"Stage": {"Type": "String", "AllowedValues": ["dev", "prod"], "Default": "dev"},
		"Title": {"Type": "String", "AllowedPattern": "[a-z]+", "MinLength": 2, "MaxLength": 4, "Default": "abc"}
	},
	"Conditions": {"IsProd": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}},
	"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {
		"QueueName": {"Fn::Sub": "${Title}-${Stage}.fifo"}, "FifoQueue": "true", "DelaySeconds": "5", "VisibilityTimeout": {"Ref": "Seconds"}}}},
	"Outputs": {
		"Size": {"Value": {"Fn::If": ["IsProd", "large", "small"]}},
		"Second": {"Value": {"Fn::Select": [1, {"Ref": "Names"}]}}
	}
}`

func TestAParameterHasItsDefaultOrTheGivenValue(t *testing.T) {
	for _, test := range []struct {
		given              map[string]string
		name, size, second string
		visibility         int
	}{
		{nil, "abc-dev.fifo", "small", "b", 30},
		{map[string]string{"Stage": "prod", "Seconds": "60", "Names": "x,y=z"}, "abc-prod.fifo", "large", "y=z", 60},
	} {
		with := options()
		with.Parameters = test.given
		loaded, err := assembly.Load(write(t, withParameters), with)
		if err != nil {
			t.Fatal(err)
		}
		resource, queue := only[assembly.Queue](t, loaded)
		if resource.Name != test.name || *queue.VisibilityTimeout != test.visibility || *queue.DelaySeconds != 5 || !queue.FIFO {
			t.Errorf("with %v the queue %s is %+v", test.given, resource.Name, queue)
		}
		if want := map[string]string{"Size": test.size, "Second": test.second}; !cmp.Equal(loaded.Outputs, want) {
			t.Errorf("with %v the outputs are %v, want %v", test.given, loaded.Outputs, want)
		}
	}
}

func TestAParametersValueIsHeldToItsConstraints(t *testing.T) {
	for _, test := range []struct{ name, value, want string }{
		{"Stage", "test", `it must be one of dev, prod, and is "test"`},
		{"Seconds", "many", `"many" is not a number`},
		{"Seconds", "0", "it must be 1 to 60, and is 0"},
		{"Seconds", "61", "it must be 1 to 60, and is 61"},
		{"Title", "a", "it must have 2 to 4 characters, and has 1"},
		{"Title", "abcde", "it must have 2 to 4 characters, and has 5"},
		{"Title", "ab1", `it must match [a-z]+, and is "ab1"`},
		{"Absent", "x", "it is not in the template"},
	} {
		with := options()
		with.Parameters = map[string]string{test.name: test.value}
		_, err := assembly.Load(write(t, withParameters), with)
		if want := "parameter " + test.name + ": " + test.want; err == nil || strings.Split(err.Error(), "\n")[0] != want {
			t.Errorf("%s=%s: the error is %v, want %s", test.name, test.value, err, want)
		}
	}
}

// A parameter that is refused is reported once, and not again by what refers to it.
func TestAParameterThatIsNotSupportedIsRefusedByName(t *testing.T) {
	_, err := assembly.Load(write(t, `{
		"Parameters": {
			"Image": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/x"},
			"Seconds": {"Type": "Number"},
			"Word": {"Type": "String", "Default": "x", "AllowedPattern": "(?=x)x", "Colour": "red"}
		},
		"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {
			"QueueName": {"Fn::Sub": "${Image}-${Word}"}, "VisibilityTimeout": {"Ref": "Seconds"}}}}
	}`), options())
	want := []string{
		`parameter Image: the type "AWS::SSM::Parameter::Value<String>" is not supported by the local cloud`,
		"parameter Seconds: it has no default: set it with --parameter Seconds=VALUE",
		"parameter Word: the attribute Colour is not supported by the local cloud",
		"parameter Word: its AllowedPattern (?=x)x is not supported by the local cloud",
	}
	if err == nil {
		t.Fatal("the template is accepted")
	}
	if diff := cmp.Diff(want, strings.Split(err.Error(), "\n")); diff != "" {
		t.Errorf("the problems differ (-want +got):\n%s", diff)
	}
}
