package expression_test

import (
	"encoding/json"
	"fmt"

	"example.com/saga/localcloud/dynamodb/attribute"
	"example.com/saga/localcloud/dynamodb/expression"
)

func ExampleParseCondition() {
	text := "attribute_not_exists(id) OR #v = :v"
	variables, err := expression.NewVariables(
		map[string]string{"#v": "version"}, map[string]attribute.Value{":v": attribute.String("7")},
		expression.Parameter{Name: "ConditionExpression", Text: &text})
	if err != nil {
		fmt.Println(err)
		return
	}
	condition, err := expression.ParseCondition("ConditionExpression", &text, variables)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(condition.Paths())
	fmt.Println(condition.Holds(nil))
	fmt.Println(condition.Holds(attribute.Item{"id": attribute.String("a"), "version": attribute.String("7")}))
	fmt.Println(condition.Holds(attribute.Item{"id": attribute.String("a"), "version": attribute.String("8")}))
	// Output:
	// [[id] [version]]
	// true
	// true
	// false
}

func ExampleParseUpdate() {
	text := "SET tags[0] = :tag REMOVE draft"
	variables, err := expression.NewVariables(nil, map[string]attribute.Value{":tag": attribute.String("new")},
		expression.Parameter{Name: "UpdateExpression", Text: &text})
	if err != nil {
		fmt.Println(err)
		return
	}
	update, err := expression.ParseUpdate(&text, variables)
	if err != nil {
		fmt.Println(err)
		return
	}
	item, err := update.Apply(attribute.Item{
		"draft": attribute.String("yes"),
		"tags":  attribute.List([]attribute.Value{attribute.String("old"), attribute.String("kept")}),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	written, err := json.Marshal(item)
	fmt.Println(string(written), err)
	// Output:
	// {"tags":{"L":[{"S":"new"},{"S":"kept"}]}} <nil>
}
