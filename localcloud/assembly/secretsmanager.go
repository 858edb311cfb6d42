package assembly

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"regexp"
	"strings"

	"example.com/saga/localcloud/unsupported"
)

// Secret is an AWS::SecretsManager::Secret.
type Secret struct {
	Name                 string                `cfn:"Name"`
	Description          Harmless              `cfn:"Description" why:"only a reader sees it"`
	KMSKeyID             Harmless              `cfn:"KmsKeyId" why:"nothing is stored, so nothing is encrypted"`
	Tags                 Harmless              `cfn:"Tags" why:"nothing bills or selects by tag"`
	GenerateSecretString *GenerateSecretString `cfn:"GenerateSecretString,required"`

	// Value is generated anew in every run.
	Value string
}

// GenerateSecretString is how a secret's value is generated.
type GenerateSecretString struct {
	ExcludeCharacters    string `cfn:"ExcludeCharacters"`
	ExcludePunctuation   bool   `cfn:"ExcludePunctuation"`
	PasswordLength       *int   `cfn:"PasswordLength"`
	SecretStringTemplate string `cfn:"SecretStringTemplate"`
	GenerateStringKey    string `cfn:"GenerateStringKey"`
}

func (s *Secret) identify(at location) identity {
	name := at.physicalName(s.Name, 512)
	arn := at.arn("secretsmanager", "secret:"+name+"-"+at.code(6))
	made := identity{name: name, ref: arn, arn: arn, attributes: map[string]string{"Id": arn}}
	var err error
	s.Value, err = s.generate(at.options.Random)
	made.add(err)
	return made
}

func (s *Secret) generate(random io.Reader) (string, error) {
	if s.GenerateSecretString == nil {
		return "", nil
	}
	how := *s.GenerateSecretString
	if (how.SecretStringTemplate == "") != (how.GenerateStringKey == "") {
		return "", errors.New("property GenerateSecretString needs both of SecretStringTemplate and GenerateStringKey, or neither")
	}
	password, err := how.password(random)
	if err != nil || how.SecretStringTemplate == "" {
		return password, err
	}
	content := map[string]any{}
	if err := json.Unmarshal([]byte(how.SecretStringTemplate), &content); err != nil {
		return "", fmt.Errorf("property GenerateSecretString.SecretStringTemplate is not a JSON object: %w", err)
	}
	content[how.GenerateStringKey] = password
	value, err := json.Marshal(content)
	return string(value), err
}

// password has every kind of character, as Secrets Manager has by default.
func (g GenerateSecretString) password(random io.Reader) (string, error) {
	kinds := []string{"ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz", "0123456789"}
	if !g.ExcludePunctuation {
		kinds = append(kinds, "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
	}
	for i, kind := range kinds {
		kinds[i] = strings.Map(func(c rune) rune {
			if strings.ContainsRune(g.ExcludeCharacters, c) {
				return -1
			}
			return c
		}, kind)
	}
	alphabet := strings.Join(kinds, "")
	length := 32
	if g.PasswordLength != nil {
		length = *g.PasswordLength
	}
	if length < len(kinds) || length > 4096 || alphabet == "" {
		return "", errors.New("property GenerateSecretString leaves no password that has every kind of character")
	}
	var seed [32]byte
	if _, err := io.ReadFull(random, seed[:]); err != nil {
		return "", fmt.Errorf("generating the secret: %w", err)
	}
	source := rand.New(rand.NewChaCha8(seed))
	password := make([]byte, length)
	for i := range password {
		from := alphabet
		if i < len(kinds) && kinds[i] != "" {
			from = kinds[i]
		}
		password[i] = from[source.IntN(len(from))]
	}
	source.Shuffle(length, func(i, j int) { password[i], password[j] = password[j], password[i] })
	return string(password), nil
}

// dynamic replaces {{resolve:secretsmanager:…}} in a text by the secret.
func (l *loader) dynamic(text string) (any, error) {
	if !strings.Contains(text, "{{resolve:") {
		return text, nil
	}
	var problems []error
	result := regexp.MustCompile(`\{\{resolve:[^}]*\}\}`).ReplaceAllStringFunc(text, func(found string) string {
		value, err := l.secret(strings.TrimSuffix(strings.TrimPrefix(found, "{{resolve:"), "}}"))
		if err != nil {
			problems = append(problems, fmt.Errorf("the dynamic reference %s: %w", found, err))
		}
		return value
	})
	return result, errors.Join(problems...)
}

// secret reads service:secret:SecretString:key:stage:version, where the secret
// is an ARN of seven parts. An empty key means the whole value.
func (l *loader) secret(reference string) (string, error) {
	parts := strings.Split(reference, ":")
	if parts[0] != "secretsmanager" {
		return "", unsupported.Errorf("the service %q is not supported by the local cloud", parts[0])
	}
	if len(parts) < 8 {
		return "", errors.New("the secret must be named by its ARN")
	}
	arn, rest := strings.Join(parts[1:8], ":"), append(parts[8:], "", "", "")
	value, known := l.secrets[arn]
	switch {
	case !known:
		return "", errors.New("the secret is not one of the stack's")
	case rest[0] != "SecretString" && rest[0] != "":
		return "", unsupported.Errorf("%q is not supported by the local cloud", rest[0])
	case rest[2] != "" || rest[3] != "":
		return "", unsupported.Errorf("versions of secrets are not supported by the local cloud")
	case rest[1] == "":
		return value, nil
	}
	content := map[string]any{}
	if err := json.Unmarshal([]byte(value), &content); err != nil {
		return "", fmt.Errorf("the secret is not a JSON object: %w", err)
	}
	field, ok := content[rest[1]].(string)
	if !ok {
		return "", fmt.Errorf("the secret has no text %q", rest[1])
	}
	return field, nil
}
