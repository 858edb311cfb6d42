package assembly

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// freeTexts are the properties that AWS checks otherwise than by a limit, or not at all:
// names of other resources, and texts.
func freeTexts() []string {
	return []string{
		"DynamoDB::GlobalTable.Replicas[].Region",
		"Events::Archive.SourceArn",
		"IAM::Policy.Roles[]",
		"Lambda::Alias.FunctionName",
		"Lambda::EventInvokeConfig.FunctionName",
		"Lambda::Function.Environment.Variables.*",
		"Lambda::Function.Runtime",
		"Lambda::Url.TargetFunctionArn",
		"SNS::Subscription.TopicArn",
		"SQS::Queue.RedriveAllowPolicy.sourceQueueArns[]",
		"SQS::Queue.RedrivePolicy.deadLetterTargetArn",
		"SQS::QueueInlinePolicy.Queue",
		"SQS::QueuePolicy.Queues[]",
		"SecretsManager::Secret.GenerateSecretString.GenerateStringKey",
		"SecretsManager::Secret.GenerateSecretString.SecretStringTemplate",
	}
}

func TestEveryPropertyHasALimitOrIsFreeText(t *testing.T) {
	all, err := readLimits()
	if err != nil {
		t.Fatal(err)
	}
	var free []string
	for kind, properties := range resourceTypes() {
		for path, property := range scalars("", reflect.TypeOf(properties).Elem()) {
			known, exists := all[kind][path]
			isLimited := known.Min != nil || known.Max != nil || known.Pattern != nil || len(known.Enum) > 0
			if !exists || !isLimited && property.Kind() != reflect.Bool {
				free = append(free, strings.TrimPrefix(kind, "AWS::")+"."+path)
			}
		}
	}
	slices.Sort(free)
	if !slices.Equal(free, freeTexts()) {
		t.Errorf("the properties without a limit are\n%s", strings.Join(free, "\n"))
	}
}

// scalars returns the types of the texts, numbers and booleans of a struct by the paths
// that limits have, but for those of which only listed values are supported.
func scalars(path string, of reflect.Type) map[string]reflect.Type {
	found := map[string]reflect.Type{}
	switch of.Kind() {
	case reflect.Pointer:
		return scalars(path, of.Elem())
	case reflect.Slice:
		return scalars(path+"[]", of.Elem())
	case reflect.Map:
		return scalars(path+".*", of.Elem())
	case reflect.Struct:
		for field := range of.Fields() {
			if len(valuesOf(field)) > 0 || field.Type == reflect.TypeFor[Harmless]() {
				continue
			}
			for name := range namesOf(field) {
				maps.Copy(found, scalars(strings.TrimPrefix(path+"."+name, "."), field.Type))
			}
		}
	case reflect.Interface, reflect.Uint8: // A JSON document.
	default:
		found[path] = of
	}
	return found
}

func TestEveryPatternOfALimitIsARegularExpression(t *testing.T) {
	all, err := readLimits()
	if err != nil {
		t.Fatal(err)
	}
	for kind, properties := range all {
		for path, each := range properties {
			if each.Pattern == nil {
				continue
			}
			if _, err := regexp.Compile(each.Pattern.text); err != nil {
				t.Errorf("%s.%s: %s", kind, path, err)
			}
		}
	}
}
