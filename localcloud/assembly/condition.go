package assembly

import (
	"fmt"
	"slices"

	"example.com/saga/localcloud/unsupported"
)

func (l *loader) evaluateConditions() []error {
	var problems []error
	for _, name := range sortedKeys(l.template.Conditions) {
		if _, err := l.condition(name, nil); err != nil {
			problems = append(problems, fmt.Errorf("condition %s: %w", name, err))
		}
	}
	return problems
}

// condition evaluates one condition by name; through lists the conditions that
// led here, so that a circle is found.
func (l *loader) condition(name string, through []string) (bool, error) {
	if holds, known := l.conditions[name]; known {
		return holds, nil
	}
	expression, exists := l.template.Conditions[name]
	if !exists {
		return false, fmt.Errorf("the condition %s is not in the template", name)
	}
	if slices.Contains(through, name) {
		return false, fmt.Errorf("the condition %s refers to itself", name)
	}
	holds, err := l.evaluate(expression, append(through, name))
	if err != nil {
		return false, err
	}
	l.conditions[name] = holds
	return holds, nil
}

func (l *loader) evaluate(expression any, through []string) (bool, error) {
	object, ok := expression.(map[string]any)
	if !ok || len(object) != 1 {
		return false, fmt.Errorf("%v is not a condition", expression)
	}
	if name, ok := object["Condition"].(string); ok {
		return l.condition(name, through)
	}
	name, argument, _ := intrinsic(object)
	function, known := l.conditionFunctions(through)[name]
	if !known {
		return false, unsupported.Errorf("the condition function %q is not supported by the local cloud", name)
	}
	arguments, _ := argument.([]any)
	return function(arguments)
}

func (l *loader) conditionFunctions(through []string) map[string]func(arguments []any) (bool, error) {
	of := func(holds func(results []bool) bool) func([]any) (bool, error) {
		return func(arguments []any) (bool, error) {
			results := make([]bool, len(arguments))
			for i, argument := range arguments {
				var err error
				if results[i], err = l.evaluate(argument, through); err != nil {
					return false, err
				}
			}
			return holds(results), nil
		}
	}
	return map[string]func([]any) (bool, error){
		"Fn::And":    of(func(results []bool) bool { return !slices.Contains(results, false) }),
		"Fn::Equals": l.equal,
		"Fn::Not":    of(func(results []bool) bool { return len(results) == 1 && !results[0] }),
		"Fn::Or":     of(func(results []bool) bool { return slices.Contains(results, true) }),
	}
}

func (l *loader) equal(arguments []any) (bool, error) {
	left, second, err := l.pair("Fn::Equals", arguments)
	if err != nil {
		return false, err
	}
	right, err := plainText(second)
	return left == right, err
}

func (l *loader) choose(argument any) (any, error) {
	list, ok := argument.([]any)
	if !ok || len(list) != 3 {
		return nil, fmt.Errorf("Fn::If takes three arguments")
	}
	name, _ := list[0].(string)
	holds, err := l.condition(name, nil)
	if err != nil {
		return nil, fmt.Errorf("Fn::If: %w", err)
	}
	if holds {
		return l.resolve(list[1])
	}
	return l.resolve(list[2])
}
