package assembly

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// placeholderIn finds ${Name}, ${Name.Attribute} and the literal ${!Text}.
func placeholderIn() *regexp.Regexp { return regexp.MustCompile(`\$\{([^}]+)\}`) }

func placeholders(argument any) []string {
	if list, ok := argument.([]any); ok && len(list) > 0 {
		argument = list[0]
	}
	text, _ := argument.(string)
	var names []string
	for _, match := range placeholderIn().FindAllStringSubmatch(text, -1) {
		names = append(names, match[1])
	}
	return names
}

func (l *loader) substitute(argument any) (any, error) {
	variables := map[string]any{}
	if list, ok := argument.([]any); ok && len(list) == 2 {
		argument = list[0]
		variables, _ = list[1].(map[string]any)
	}
	text, ok := argument.(string)
	if !ok {
		return nil, errors.New("Fn::Sub takes a text, or a text and an object")
	}
	var problems []error
	result := placeholderIn().ReplaceAllStringFunc(text, func(found string) string {
		name := found[2 : len(found)-1]
		if literal, ok := strings.CutPrefix(name, "!"); ok {
			return "${" + literal + "}"
		}
		value, own := variables[name]
		if !own {
			value = map[string]any{"Ref": name}
		}
		resolved, err := l.text(value)
		if err != nil {
			problems = append(problems, fmt.Errorf("Fn::Sub: %w", err))
		}
		return resolved
	})
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return l.dynamic(result)
}
