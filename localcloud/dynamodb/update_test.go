package dynamodb_test

import (
	"fmt"
	"strings"
	"testing"
)

func change(expression, values string) string {
	if values != "" {
		values = `,"ExpressionAttributeValues":{` + values + `}`
	}
	return fmt.Sprintf(`{"TableName":"items","Key":{"p":{"S":"1"}},"UpdateExpression":%s%s}`, quoted(expression), values)
}

func TestAnUpdateChangesAnItem(t *testing.T) {
	const one, list = `":one":{"N":"1"}`, `":l":{"L":[{"S":"x"}]}`
	cases := []struct{ name, before, expression, values, after string }{
		{"a value is set", ``, "SET a = :one", one, `"a":{"N":"1"}`},
		{"keywords have no case", ``, "set a = :one reMOVE b", one, `"a":{"N":"1"}`},
		{"all right-hand sides see the old item", `"a":{"N":"1"},"b":{"N":"2"}`, "SET a = b, b = a", ``, `"a":{"N":"2"},"b":{"N":"1"}`},
		{
			"clauses come in any order", `"a":{"N":"1"},"b":{"N":"2"},"c":{"SS":["x","y"]}`,
			"REMOVE b DELETE c :x SET d = :one ADD a :one", one + `,":x":{"SS":["x"]}`, `"a":{"N":"2"},"c":{"SS":["y"]},"d":{"N":"1"}`,
		},
		{"a sum", `"a":{"N":"1.5"}`, "SET a = a + :one", one, `"a":{"N":"2.5"}`},
		{"a difference", `"a":{"N":"1"}`, "SET a = :x - a", `":x":{"N":"-0.25"}`, `"a":{"N":"-1.25"}`},
		{"a counter begins", ``, "SET a = if_not_exists(a, :zero) + :one", one + `,":zero":{"N":"0"}`, `"a":{"N":"1"}`},
		{"a counter goes on", `"a":{"N":"41"}`, "SET a = if_not_exists(a, :zero) + :one", one + `,":zero":{"N":"0"}`, `"a":{"N":"42"}`},
		{"a list grows at its end", `"a":{"L":[{"N":"1"}]}`, "SET a = list_append(a, :l)", list, `"a":{"L":[{"N":"1"},{"S":"x"}]}`},
		{"a list grows at its front", `"a":{"L":[{"N":"1"}]}`, "SET a = list_append(:l, a)", list, `"a":{"L":[{"S":"x"},{"N":"1"}]}`},
		{"a list begins", ``, "SET a = list_append(if_not_exists(a, :e), :l)", list + `,":e":{"L":[]}`, `"a":{"L":[{"S":"x"}]}`},
		{"a field is set", `"m":{"M":{"x":{"N":"1"},"y":{"N":"2"}}}`, "SET m.x = :one, m.v = m.y", one, `"m":{"M":{"x":{"N":"1"},"y":{"N":"2"},"v":{"N":"2"}}}`},
		{"an element is set", `"a":{"L":[{"N":"5"},{"N":"6"}]}`, "SET a[1] = :one", one, `"a":{"L":[{"N":"5"},{"N":"1"}]}`},
		{
			"elements beyond the end are appended in order", `"a":{"L":[{"N":"5"}]}`,
			"SET a[99] = :x, a[50] = :one", one + `,":x":{"S":"x"}`, `"a":{"L":[{"N":"5"},{"N":"1"},{"S":"x"}]}`,
		},
		{
			"indexes are those of the old list", `"a":{"L":[{"N":"0"},{"N":"1"},{"N":"2"},{"N":"3"}]}`,
			"REMOVE a[0], a[2] SET a[3] = :x", `":x":{"S":"x"}`, `"a":{"L":[{"N":"1"},{"S":"x"}]}`,
		},
		{"an element's field is removed", `"a":{"L":[{"M":{"x":{"N":"1"}}}]}`, "REMOVE a[0].x", ``, `"a":{"L":[{"M":{}}]}`},
		{"what is not there is removed without effect", `"a":{"L":[]},"m":{"M":{}}`, "REMOVE b, a[3], m.x", ``, `"a":{"L":[]},"m":{"M":{}}`},
		{"a number is added to nothing", ``, "ADD a :one", one, `"a":{"N":"1"}`},
		{"a number is added", `"a":{"N":"-1"}`, "ADD a :one", one, `"a":{"N":"0"}`},
		{"members are added to nothing", ``, "ADD a :s", `":s":{"SS":["x"]}`, `"a":{"SS":["x"]}`},
		{"members are added once", `"a":{"SS":["x","y"]}`, "ADD a :s", `":s":{"SS":["y","z"]}`, `"a":{"SS":["x","y","z"]}`},
		{"the last member takes its set along", `"a":{"NS":["1","2"]}`, "DELETE a :s", `":s":{"NS":["2.0","1","3"]}`, ``},
		{"members are deleted from nothing", ``, "DELETE a :s", `":s":{"SS":["x"]}`, ``},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			cloud := newCloud(t)
			cloud.put(t, c.before)
			cloud.must(t, "UpdateItem", change(c.expression, c.values))
			same(t, cloud.item(t), `{"Item":`+withKey(c.after)+`}`)
		})
	}
}

func TestAnUpdateThatCannotBeDoneLeavesTheItem(t *testing.T) {
	const one = `":one":{"N":"1"}`
	const before = `"s":{"S":"text"},"n":{"N":"1"},"big":{"N":"1E125"},"l":{"L":[]},"ss":{"SS":["a"]}`
	cases := []struct{ expression, values, message string }{
		{"", ``, "Invalid UpdateExpression: The expression can not be empty;"},
		{"SET", ``, `Invalid UpdateExpression: Syntax error; token: "<EOF>", near: "SET"`},
		{"PUT a = :one", one, `Syntax error; token: "PUT"`},
		{"SET a = :one,", one, `Syntax error; token: "<EOF>"`},
		{"SET a = :one + n + n", one, `Syntax error; token: "+"`},
		{"SET a :one", one, `Syntax error; token: ":one"`},
		{"ADD a n", ``, `Syntax error; token: "n"`},
		{"SET a = :one SET b = :one", one, `The "SET" section can only be used once in an update expression;`},
		{"SET a = :one, a = n", one, "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a], path two: [a]"},
		{"SET a.b = :one REMOVE a", one, "overlap with each other; must remove or rewrite one of these paths; path one: [a, b], path two: [a]"},
		{"SET a = :one REMOVE a.b[1]", one, "path one: [a], path two: [a, b, [1]]"},
		{"SET a.b = :one, a[0] = :one", one, "Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [a, b], path two: [a, [0]]"},
		{"SET p = :one", one, "One or more parameter values were invalid: Cannot update attribute p. This attribute is part of the key"},
		{"SET value = :one", one, "Attribute name is a reserved keyword; reserved keyword: value"},
		{"SET a = gone", ``, "The provided expression refers to an attribute that does not exist in the item"},
		{"SET a = gone + :one", one, "The provided expression refers to an attribute that does not exist in the item"},
		{"SET a = list_append(gone, l)", ``, "The provided expression refers to an attribute that does not exist in the item"},
		{"SET a = s + :one", one, "An operand in the update expression has an incorrect data type"},
		{"SET a = list_append(l, n)", ``, "An operand in the update expression has an incorrect data type"},
		{"ADD s :one", one, "An operand in the update expression has an incorrect data type"},
		{"DELETE s :x", `":x":{"SS":["a"]}`, "An operand in the update expression has an incorrect data type"},
		{"ADD ss :x", `":x":{"NS":["1"]}`, "An operand in the update expression has an incorrect data type"},
		{"SET a = n + :x", `":x":{"S":"1"}`, "Incorrect operand type for operator or function; operator or function: +, operand type: S"},
		{"SET a = list_append(l, :one)", one, "operator or function: list_append, operand type: N"},
		{"ADD a :x", `":x":{"S":"1"}`, "Incorrect operand type for operator or function; operator: ADD, operand type: STRING"},
		{"DELETE a :one", one, "operator: DELETE, operand type: NUMBER"},
		{"SET a = if_not_exists(:one, n)", one, "Operator or function requires a document path; operator or function: if_not_exists"},
		{"SET a = if_not_exists(n)", ``, "operator or function: if_not_exists, number of operands: 1"},
		{"SET a = attribute_exists(n)", ``, "The function is not allowed in an update expression; function: attribute_exists"},
		{"SET a = frobnicate(n)", ``, "Invalid function name; function: frobnicate"},
		{"SET gone.x = :one", one, "The document path provided in the update expression is invalid for update"},
		{"SET s.x = :one", one, "The document path provided in the update expression is invalid for update"},
		{"SET l.x = :one", one, "The document path provided in the update expression is invalid for update"},
		{"SET l[0].x = :one", one, "The document path provided in the update expression is invalid for update"},
		{"REMOVE gone.x", ``, "The document path provided in the update expression is invalid for update"},
		{"SET big = big + :x", `":x":{"N":"9E125"}`, "Number overflow"},
		{"SET big = big + :one", one, "Attempting to store more than 38 significant digits in a Number"},
		{"SET a = :x", `":x":{"S":"` + strings.Repeat("x", 400<<10) + `"}`, "Item size to update has exceeded the maximum allowed size"},
	}
	for _, c := range cases {
		t.Run(c.expression, func(t *testing.T) {
			cloud := newCloud(t)
			cloud.put(t, before)
			stored := cloud.item(t)
			cloud.refused(t, "UpdateItem", change(c.expression, c.values), "ValidationException", c.message)
			same(t, cloud.item(t), stored)
		})
	}
}

func TestAnUpdateOfNoItemMakesOne(t *testing.T) {
	t.Run("with its key and the changes", func(t *testing.T) {
		cloud := newCloud(t)
		cloud.must(t, "UpdateItem", change("SET a = :one", `":one":{"N":"1"}`))
		same(t, cloud.item(t), `{"Item":{"p":{"S":"1"},"a":{"N":"1"}}}`)
	})
	t.Run("with its key alone if there is no expression", func(t *testing.T) {
		cloud := newCloud(t)
		cloud.must(t, "UpdateItem", `{"TableName":"items","Key":{"p":{"S":"1"}}}`)
		same(t, cloud.item(t), `{"Item":{"p":{"S":"1"}}}`)
	})
	t.Run("unless a condition forbids it", func(t *testing.T) {
		cloud := newCloud(t)
		cloud.refused(t, "UpdateItem", `{"TableName":"items","Key":{"p":{"S":"1"}},"ConditionExpression":"attribute_exists(p)"}`,
			"ConditionalCheckFailedException", "The conditional request failed")
		same(t, cloud.item(t), `{}`)
	})
}

func TestAnUpdateReturnsWhatIsRequested(t *testing.T) {
	const before = `"a":{"N":"1"},"b":{"N":"2"},"m":{"M":{"x":{"N":"3"},"y":{"N":"4"}}}`
	cases := []struct{ returned, attributes string }{
		{"NONE", `{}`},
		{"ALL_OLD", `{"Attributes":` + withKey(before) + `}`},
		{"ALL_NEW", `{"Attributes":{"p":{"S":"1"},"a":{"N":"9"},"m":{"M":{"x":{"N":"9"},"y":{"N":"4"}}},"c":{"N":"9"}}}`},
		{"UPDATED_OLD", `{"Attributes":{"a":{"N":"1"},"b":{"N":"2"},"m":{"M":{"x":{"N":"3"}}}}}`},
		{"UPDATED_NEW", `{"Attributes":{"a":{"N":"9"},"m":{"M":{"x":{"N":"9"}}},"c":{"N":"9"}}}`},
	}
	for _, c := range cases {
		t.Run(c.returned, func(t *testing.T) {
			cloud := newCloud(t)
			cloud.put(t, before)
			request := change("SET a = :x, m.x = :x, c = :x REMOVE b", `":x":{"N":"9"}`)
			same(t, cloud.must(t, "UpdateItem", strings.TrimSuffix(request, "}")+`,"ReturnValues":"`+c.returned+`"}`), c.attributes)
		})
	}
}
