package dynamodb_test

import (
	"fmt"
	"strings"
	"testing"
)

// everyType has one attribute of every type.
const everyType = `"s":{"S":"hello"},"n":{"N":"10"},"b":{"B":"AQID"},"t":{"BOOL":true},"z":{"NULL":true},
	"l":{"L":[{"N":"1"},{"S":"two"},{"M":{"x":{"S":"deep"}}}]},"m":{"M":{"x":{"N":"7"},"y.z":{"S":"dotted"}}},
	"ss":{"SS":["a","b"]},"ns":{"NS":["1","2.50"]},"bs":{"BS":["AQ==","Ag=="]},"empty":{"S":""}`

// variables are the constants of the condition tests; each test sends those
// that it uses.
var variables = map[string]string{
	":hello": `{"S":"hello"}`, ":he": `{"S":"he"}`, ":lo": `{"S":"lo"}`, ":S": `{"S":"S"}`, ":NULL": `{"S":"NULL"}`, ":Q": `{"S":"Q"}`,
	":ten": `{"N":"10.00"}`, ":nine": `{"N":"9"}`, ":hundred": `{"N":"1E2"}`, ":negative": `{"N":"-3"}`, ":five": `{"N":"5"}`,
	":true": `{"BOOL":true}`, ":bytes": `{"B":"AQID"}`, ":high": `{"B":"/w=="}`, ":byte": `{"B":"Ag=="}`,
	":ba": `{"SS":["b","a"]}`, ":numbers": `{"NS":["2.5","1.0"]}`, ":list": `{"L":[{"N":"1"}]}`, ":x": `{"M":{"x":{"N":"7.0"},"y.z":{"S":"dotted"}}}`,
	":a": `{"S":"a"}`, ":one": `{"N":"1"}`, ":two": `{"S":"two"}`, ":three": `{"N":"3"}`, ":none": `{"NULL":true}`,
}

var names = map[string]string{"#n": "n", "#dotted": "y.z", "#size": "size"}

// withVariables adds to a request the variables that an expression uses.
func withVariables(expression string) string {
	used := func(defined map[string]string, encode func(string) string) string {
		var members []string
		for name, value := range defined {
			if hasVariable(expression, name) {
				members = append(members, quoted(name)+":"+encode(value))
			}
		}
		return strings.Join(members, ",")
	}
	body := ""
	if values := used(variables, func(value string) string { return value }); values != "" {
		body += `,"ExpressionAttributeValues":{` + values + `}`
	}
	if placeholders := used(names, quoted); placeholders != "" {
		body += `,"ExpressionAttributeNames":{` + placeholders + `}`
	}
	return body
}

func hasVariable(expression, name string) bool {
	for rest := expression; ; {
		_, after, found := strings.Cut(rest, name)
		if !found {
			return false
		}
		if after == "" || !strings.ContainsAny(after[:1], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") {
			return true
		}
		rest = after
	}
}

func deletion(condition string) string {
	return fmt.Sprintf(`{"TableName":"items","Key":{"p":{"S":"1"}},"ConditionExpression":%s%s}`, quoted(condition), withVariables(condition))
}

func TestAConditionIsTrueOrFalseOfAnItem(t *testing.T) {
	cases := []struct {
		condition string
		want      bool
	}{
		{"s = :hello", true},
		{"s = :he", false},
		{"n = :ten", true},
		{"n = :hello", false},
		{":ten = n", true},
		{"gone = :ten", false},
		{"gone = absent", false},
		{"ss = :ba", true},
		{"ns = :numbers", true},
		{"m = :x", true},
		{"l = :list", false},
		{"t = :true", true},
		{"z = :none", true},
		{"s <> :he", true},
		{"s <> :ten", true},
		{"s <> :hello", false},
		{"gone <> :hello", true},
		{"n < :hundred", true},
		{"n > :nine", true},
		{"n >= :ten", true},
		{"n <= :negative", false},
		{"n > :negative", true},
		{"s < :hello", false},
		{"s > :he", true},
		{"b < :high", true},
		{"n < :hello", false},
		{"gone < :ten", false},
		{"gone >= :ten", false},
		{"t < n", false},
		{"n BETWEEN :nine AND :hundred", true},
		{"n BETWEEN :ten and :ten", true},
		{"s BETWEEN :a AND :he", false},
		{"gone BETWEEN :nine AND :ten", false},
		{":ten BETWEEN :nine AND n", true},
		{"n IN (:hello, :ten)", true},
		{"n in (:hello, :nine)", false},
		{"gone IN (:hello)", false},
		{"attribute_exists(s)", true},
		{"attribute_exists(z)", true},
		{"attribute_exists(l[2].x)", true},
		{"attribute_exists(l[3])", false},
		{"attribute_exists(s.x)", false},
		{"attribute_not_exists(gone)", true},
		{"attribute_not_exists(s)", false},
		{"attribute_type(s, :S)", true},
		{"attribute_type(z, :NULL)", true},
		{"attribute_type(n, :S)", false},
		{"attribute_type(gone, :S)", false},
		{"begins_with(s, :he)", true},
		{"begins_with(s, :lo)", false},
		{"begins_with(n, :he)", false},
		{"begins_with(b, :bytes)", true},
		{"begins_with(gone, :he)", false},
		{"contains(s, :lo)", true},
		{"contains(ss, :a)", true},
		{"contains(ss, :two)", false},
		{"contains(l, :two)", true},
		{"contains(l, :x)", false},
		{"contains(b, :byte)", true},
		{"contains(bs, :byte)", true},
		{"contains(ns, :one)", true},
		{"contains(n, :one)", false},
		{"contains(m, :one)", false},
		{"contains(gone, :one)", false},
		{"size(s) = :five", true},
		{"size(l) = :three", true},
		{"size(b) = :three", true},
		{"size(ss) < :three", true},
		{"size(m) < size(l)", true},
		{"size(n) = :ten", false},
		{"size(n) <> :ten", true},
		{"size(gone) > :one", false},
		{"m.x = :ten", false},
		{"m.#dotted BETWEEN :a AND :hello", true},
		{"l[0] = :one", true},
		{"l [ 1 ] = :two", true},
		{"#n = :ten", true},
		{"NOT s = :hello", false},
		{"not not s = :hello", true},
		{"(s = :hello)", true},
		{"(s = :hello) AND (n = :ten)", true},
		{"(s = :hello AND n = :nine) OR t = :true", true},
		{"s = :he AND n = :nine OR t = :true", true},
		{"t = :true OR s = :he AND n = :nine", true},
		{"NOT s = :he AND n = :nine", false},
		{"NOT (s = :he AND n = :nine)", true},
	}
	for _, c := range cases {
		t.Run(c.condition, func(t *testing.T) {
			cloud := newCloud(t)
			cloud.put(t, everyType)
			_, failure := cloud.call(t, "DeleteItem", deletion(c.condition))
			if failure != nil && failure.Code != "ConditionalCheckFailedException" {
				t.Fatal(failure)
			}
			if got := failure == nil; got != c.want {
				t.Errorf("is %t, want %t", got, c.want)
			}
		})
	}
}

func TestAnInvalidConditionIsRefused(t *testing.T) {
	cases := []struct{ condition, message string }{
		{"", "Invalid ConditionExpression: The expression can not be empty;"},
		{"  ", "Invalid ConditionExpression: The expression can not be empty;"},
		{"s", `Invalid ConditionExpression: Syntax error; token: "<EOF>", near: "s"`},
		{"s = ", `Invalid ConditionExpression: Syntax error; token: "<EOF>", near: "="`},
		{"s == :he", `Syntax error; token: "=", near: "== :he"`},
		{"s = :he extra", `Syntax error; token: "extra", near: ":he extra"`},
		{"s ! :he", `Syntax error; token: "!", near: "s ! :he"`},
		{"s = 'hello'", `Syntax error; token: "'"`},
		{"s = 5", `Syntax error; token: "5"`},
		{"ö = :he", `Syntax error; token: "ö"`},
		{"s IN ()", `Syntax error; token: ")"`},
		{"s IN :he", `Syntax error; token: ":he"`},
		{"(s = :he", `Syntax error; token: "<EOF>"`},
		{"s BETWEEN :he", `Syntax error; token: "<EOF>"`},
		{"AND = :he", `Syntax error; token: "AND"`},
		{"l[x] = :he", `Syntax error; token: "x"`},
		{"l[99999999999] = :he", "List index is not within the allowable range; index: [99999999999]"},
		{"size = :ten", "Attribute name is a reserved keyword; reserved keyword: size"},
		{"m.Name = :ten", "Attribute name is a reserved keyword; reserved keyword: Name"},
		{"abort = :ten", "reserved keyword: abort"},
		{"s = :undefined", "An expression attribute value used in expression is not defined; attribute value: :undefined"},
		{"#undefined = :he", "An expression attribute name used in the document path is not defined; attribute name: #undefined"},
		{"((s = :he))", "The expression has redundant parentheses;"},
		{"((s = :he) AND (n = :ten)) OR ((n = :nine))", "The expression has redundant parentheses;"},
		{"n < :true", "Incorrect operand type for operator or function; operator: <, operand type: BOOL"},
		{"n >= :list", "Incorrect operand type for operator or function; operator: >=, operand type: L"},
		{"n BETWEEN :ten AND :nine", "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {N:10}, upper bound operand: AttributeValue: {N:9}"},
		{"n BETWEEN :he AND :nine", "The BETWEEN operator requires same data type for lower and upper bounds"},
		{"n BETWEEN :true AND :true", "operator: BETWEEN, operand type: BOOL"},
		{"s = s", "The first operand must be distinct from the remaining operands for this operator or function; operator: =, first operand: [s]"},
		{"contains(l[0], l[0])", "operator: contains, first operand: [l, [0]]"},
		{"attribute_exists(:he)", "Operator or function requires a document path; operator or function: attribute_exists"},
		{"attribute_exists(s, n)", "Incorrect number of operands for operator or function; operator or function: attribute_exists, number of operands: 2"},
		{"attribute_exists()", `Syntax error; token: ")"`},
		{"begins_with(s)", "operator or function: begins_with, number of operands: 1"},
		{"begins_with(s, :ten)", "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N"},
		{"attribute_type(s, :Q)", "Invalid attribute type name found; type: Q, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}"},
		{"attribute_type(s, :ten)", "operator or function: attribute_type, operand type: N"},
		{"attribute_type(s, n)", "operator or function: attribute_type, operand type: {NS,SS,L,BS,N,M,B,BOOL,NULL,S}"},
		{"Contains(s, :he)", "Invalid function name; function: Contains"},
		{"s = frobnicate(s)", "Invalid function name; function: frobnicate"},
		{"if_not_exists(s, :he)", "The function is not allowed in a condition expression; function: if_not_exists"},
		{"attribute_exists(s) = :true", `Syntax error; token: "="`},
		{":true = attribute_exists(s)", "The function is not allowed to be used this way in an expression; function: attribute_exists"},
		{"size(s)", "The function is not allowed to be used this way in an expression; function: size"},
		{"size(:he) = :ten", "Operator or function requires a document path; operator or function: size"},
		{"p.x = :he", "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: p"},
	}
	for _, c := range cases {
		t.Run(c.condition, func(t *testing.T) {
			cloud := newCloud(t)
			cloud.put(t, everyType)
			cloud.refused(t, "DeleteItem", deletion(c.condition), "ValidationException", c.message)
			if cloud.item(t) == "{}" {
				t.Error("the refused write was done")
			}
		})
	}
}

func TestTheSizeOfAnExpressionIsLimited(t *testing.T) {
	t.Run("4096 bytes at most", func(t *testing.T) {
		long := "s = :he" + strings.Repeat(" ", 4090)
		newCloud(t).refused(t, "DeleteItem", deletion(long), "ValidationException", "Expression size has exceeded the maximum allowed size; expression size: 4097")
	})
	t.Run("300 operators at most", func(t *testing.T) {
		condition := func(operators int) string { return strings.Repeat("s=:he OR ", (operators-1)/2) + "s=:he" }
		cloud := newCloud(t)
		cloud.refused(t, "DeleteItem", deletion(condition(299)), "ConditionalCheckFailedException", "")
		cloud.refused(t, "DeleteItem", deletion(condition(301)), "ValidationException", "The expression contains too many operators; operator count: 301")
	})
	t.Run("100 candidates for IN at most", func(t *testing.T) {
		condition := func(candidates int) string { return "s IN (" + strings.Repeat(":he,", candidates-1) + ":he)" }
		cloud := newCloud(t)
		cloud.refused(t, "DeleteItem", deletion(condition(100)), "ConditionalCheckFailedException", "")
		cloud.refused(t, "DeleteItem", deletion(condition(101)), "ValidationException", "operator or function: IN, number of operands: 102")
	})
}

func TestVariablesAreDefinedAndUsed(t *testing.T) {
	cases := []struct{ name, members, message string }{
		{
			"a value that no expression uses", `"ConditionExpression":"a = :a","ExpressionAttributeValues":{":a":{"S":"1"},":x":{"S":"2"},":b":{"S":"2"}}`,
			"Value provided in ExpressionAttributeValues unused in expressions: keys: {:b, :x}",
		},
		{
			"a name that no expression uses", `"ConditionExpression":"attribute_exists(a)","ExpressionAttributeNames":{"#a":"a"}`,
			"Value provided in ExpressionAttributeNames unused in expressions: keys: {#a}",
		},
		{"names without an expression", `"ExpressionAttributeNames":{"#a":"a"}`, "ExpressionAttributeNames can only be specified when using expressions"},
		{
			"values without an expression", `"ExpressionAttributeValues":{":a":{"S":"a"}}`,
			"ExpressionAttributeValues can only be specified when using expressions: ConditionExpression is null",
		},
		{"no names", `"ConditionExpression":"attribute_exists(a)","ExpressionAttributeNames":{}`, "ExpressionAttributeNames must not be empty"},
		{"no values", `"ConditionExpression":"attribute_exists(a)","ExpressionAttributeValues":{}`, "ExpressionAttributeValues must not be empty"},
		{
			"a name without its mark", `"ConditionExpression":"attribute_exists(a)","ExpressionAttributeNames":{"a":"a"}`,
			`ExpressionAttributeNames contains invalid key: Syntax error; key: "a"`,
		},
		{
			"a value with a wrong name", `"ConditionExpression":"attribute_exists(a)","ExpressionAttributeValues":{":a-b":{"S":"a"}}`,
			`ExpressionAttributeValues contains invalid key: Syntax error; key: ":a-b"`,
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			newCloud(t).refused(t, "PutItem", `{"TableName":"items","Item":{"p":{"S":"1"}},`+c.members+`}`, "ValidationException", c.message)
		})
	}
}
