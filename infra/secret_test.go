package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Everyone with read access to the stack can read its template, which is kept for
// ever in the bucket that it is deployed from. The context is in the repository.
func TestNoSecretIsInATemplateOrInTheContext(t *testing.T) {
	files, err := filepath.Glob("testdata/*.golden.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no templates: %v", err)
	}
	referred := 0
	for _, file := range append(files, "../cdk.json") {
		encoded, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var content any
		if err := json.Unmarshal(encoded, &content); err != nil {
			t.Fatal(err)
		}
		found, references := secrets("", content)
		for _, path := range found {
			t.Errorf("%s has a secret in %s", file, path)
		}
		referred += references
	}
	if referred == 0 {
		t.Error("no reference to a secret was found: the names of secrets in this test are wrong")
	}
}

func TestASecretIsFound(t *testing.T) {
	for _, content := range []string{
		`{"ApiKeyValue": "k-123"}`,
		`{"SecretString": "k-123"}`,
		`{"Environment": {"Variables": {"PROVIDER_TOKEN": "k-123"}}}`,
		`[{"Parameters": {"password": {"Fn::Join": ["", ["k-", "123"]]}}}]`,
		`{"Key": "Authorization", "Value": "Bearer k-123"}`,
	} {
		var decoded any
		if err := json.Unmarshal([]byte(content), &decoded); err != nil {
			t.Fatal(err)
		}
		if found, _ := secrets("", decoded); len(found) != 1 {
			t.Errorf("in %s the secrets are %v", content, found)
		}
	}
}

// secrets returns the paths of the strings in a JSON value that are secrets by
// their names, and counts those that only refer to a secret in Secrets Manager.
func secrets(path string, value any) (found []string, references int) {
	named := regexp.MustCompile(`(?i)/(apikeyvalue|secretstring|\w*(password|credentials?|_token|_key|_secret)|authorization/value)$`)
	switch value := value.(type) {
	case map[string]any:
		if key, isString := value["Key"].(string); isString {
			path += "/" + key
		}
		for name, part := range value {
			inner := path + "/" + name
			if _, structured := part.([]any); !named.MatchString(inner) || structured {
				more, kept := secrets(inner, part)
				found, references = append(found, more...), references+kept
				continue
			}
			if text := fmt.Sprint(part); strings.Contains(text, "{{resolve:secretsmanager:") {
				references++
			} else {
				found = append(found, inner)
			}
		}
	case []any:
		for _, part := range value {
			more, kept := secrets(path, part)
			found, references = append(found, more...), references+kept
		}
	}
	return found, references
}
