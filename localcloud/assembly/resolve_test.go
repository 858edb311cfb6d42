package assembly_test

import (
	"testing"

	"example.com/saga/localcloud/assembly"
)

func TestIntrinsicFunctions(t *testing.T) {
	for name, test := range map[string]struct{ expression, want string }{
		"Ref of a resource":                {`{"Ref": "Bus"}`, "shop"},
		"Ref of a pseudo parameter":        {`{"Ref": "AWS::Region"}`, "eu-west-1"},
		"GetAtt with a list":               {`{"Fn::GetAtt": ["Bus", "Name"]}`, "shop"},
		"GetAtt with a text":               {`{"Fn::GetAtt": "Bus.Arn"}`, "arn:aws:events:eu-west-1:000000000000:event-bus/shop"},
		"Join":                             {`{"Fn::Join": ["-", ["a", {"Ref": "Bus"}, 3]]}`, "a-shop-3"},
		"Join leaves out no value":         {`{"Fn::Join": ["-", ["a", {"Ref": "AWS::NoValue"}, "b"]]}`, "a-b"},
		"Join of a split":                  {`{"Fn::Join": ["-", {"Fn::Split": ["/", "a/b"]}]}`, "a-b"},
		"Select of a split":                {`{"Fn::Select": [1, {"Fn::Split": ["/", "a/b/c"]}]}`, "b"},
		"Sub of references":                {`{"Fn::Sub": "${AWS::Partition}:${Bus}:${Bus.Name}"}`, "aws:shop:shop"},
		"Sub leaves a literal":             {`{"Fn::Sub": "${!Bus}"}`, "${Bus}"},
		"Sub with own variables":           {`{"Fn::Sub": ["${Own}/${Bus}", {"Own": {"Ref": "AWS::StackName"}}]}`, "shop/shop"},
		"If of a condition that holds":     {`{"Fn::If": ["Here", "yes", "no"]}`, "yes"},
		"If of a condition that does not":  {`{"Fn::If": ["There", "yes", "no"]}`, "no"},
		"If does not look at the other":    {`{"Fn::If": ["Here", "yes", {"Ref": "Absent"}]}`, "yes"},
		"If of a condition of conditions":  {`{"Fn::If": ["Both", "yes", "no"]}`, "no"},
		"If of an alternative":             {`{"Fn::If": ["Either", "yes", "no"]}`, "yes"},
		"a part of a secret that is named": {`{"Fn::Sub": "{{resolve:secretsmanager:${Secret}:SecretString:user}}"}`, "me"},
	} {
		t.Run(name, func(t *testing.T) {
			loaded, err := assembly.Load(write(t, `{
				"Conditions": {
					"Here": {"Fn::Equals": [{"Ref": "AWS::Region"}, "eu-west-1"]},
					"There": {"Fn::Not": [{"Condition": "Here"}]},
					"Both": {"Fn::And": [{"Condition": "Here"}, {"Condition": "There"}]},
					"Either": {"Fn::Or": [{"Condition": "Here"}, {"Condition": "There"}]}
				},
				"Resources": {
					"Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "shop"}},
					"Absent": {"Type": "AWS::Events::EventBus", "Condition": "There", "Properties": {"Name": "absent"}},
					"Secret": {"Type": "AWS::SecretsManager::Secret", "Properties": {"GenerateSecretString": {
						"SecretStringTemplate": "{\"user\": \"me\"}", "GenerateStringKey": "password"}}}
				},
				"Outputs": {
					"Value": {"Value": `+test.expression+`},
					"Absent": {"Condition": "There", "Value": {"Ref": "Absent"}}
				}
			}`), options())
			if err != nil {
				t.Fatal(err)
			}
			if got := loaded.Outputs["Value"]; got != test.want {
				t.Errorf("%s returns %q, want %q", test.expression, got, test.want)
			}
			if _, exists := loaded.Outputs["Absent"]; exists {
				t.Error("an output whose condition does not hold exists")
			}
		})
	}
}

func TestAnExpressionThatIsNotSupportedIsRefused(t *testing.T) {
	for name, test := range map[string]struct{ expression, want string }{
		"another function":           {`{"Fn::Base64": "x"}`, "output Value: the intrinsic function Fn::Base64 is not supported by the local cloud"},
		"another pseudo parameter":   {`{"Ref": "AWS::NotificationARNs"}`, "output Value: the pseudo parameter AWS::NotificationARNs is not supported by the local cloud"},
		"an unknown resource":        {`{"Ref": "Nobody"}`, "output Value: the referenced resource or parameter Nobody is not in the template"},
		"an unknown attribute":       {`{"Fn::GetAtt": ["Bus", "Colour"]}`, "output Value: the attribute Colour of Bus (AWS::Events::EventBus) is not supported by the local cloud"},
		"an unknown resource in Sub": {`{"Fn::Sub": "${Nobody}"}`, "output Value: Fn::Sub: the referenced resource or parameter Nobody is not in the template"},
		"an item outside a list":     {`{"Fn::Select": [2, ["a", "b"]]}`, "output Value: Fn::Select: [a b] has no item 2"},
		"an unknown condition":       {`{"Fn::If": ["Nowhere", "a", "b"]}`, "output Value: Fn::If: the condition Nowhere is not in the template"},
		"an object where a text is":  {`{"a": 1}`, "output Value: map[a:1] is not a text"},
		"another dynamic reference":  {`"{{resolve:ssm:name}}"`, `output Value: the dynamic reference {{resolve:ssm:name}}: the service "ssm" is not supported by the local cloud`},
		"somebody else's secret":     {`"{{resolve:secretsmanager:arn:aws:secretsmanager:r:a:secret:x:SecretString:::}}"`, "output Value: the dynamic reference {{resolve:secretsmanager:arn:aws:secretsmanager:r:a:secret:x:SecretString:::}}: the secret is not one of the stack's"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := assembly.Load(write(t, `{
				"Resources": {"Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "shop"}}},
				"Outputs": {"Value": {"Value": `+test.expression+`}}
			}`), options())
			if err == nil || err.Error() != test.want {
				t.Errorf("the error is\n%v, want\n%s", err, test.want)
			}
		})
	}
}
