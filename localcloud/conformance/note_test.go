package conformance_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// instruction is what the probe has to do for a test.
type instruction struct {
	Test      string     `json:"test"`
	Step      string     `json:"step,omitempty"`
	Do        string     `json:"do,omitempty"`
	Times     int        `json:"times,omitempty"`
	Answer    string     `json:"answer,omitempty"`
	Pause     int        `json:"pause,omitempty"`
	Responses []response `json:"responses,omitempty"`

	Bus    string        `json:"bus,omitempty"`
	Events []publication `json:"events,omitempty"`
}

// publication is the envelope of an event that the probe publishes.
type publication struct {
	Source string `json:"source"`
	Type   string `json:"type"`
}

// response is how the probe answers one call of the API destination.
type response struct {
	Status     int    `json:"status"`
	RetryAfter string `json:"retryAfter,omitempty"`
	Location   string `json:"location,omitempty"`
	Pause      int    `json:"pause,omitempty"`
}

func (o instruction) String() string {
	text, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// note is what the probe has written about something that it received.
type note struct {
	// at are the nanoseconds of its time, as a text that sorts.
	at, step, request, outcome, payload string
}

// notes are all that the probe has written for a test, in their order.
func notes(t *testing.T, test string) []note {
	t.Helper()
	out, err := cloud.tables.Query(t.Context(), &dynamodb.QueryInput{
		TableName: aws.String(cloud.output("Table")), ConsistentRead: aws.Bool(true),
		KeyConditionExpression:    aws.String("pk = :test AND begins_with(sk, :note)"),
		ExpressionAttributeValues: item("", "", ":test", test, ":note", "note "),
	})
	if err != nil {
		t.Fatal(err)
	}
	var found []note
	for _, got := range out.Items {
		found = append(found, note{
			at:   strings.Fields(textOf(got["sk"]))[1],
			step: textOf(got["step"]), request: textOf(got["request"]), outcome: textOf(got["outcome"]), payload: textOf(got["payload"]),
		})
	}
	return found
}

// awaitNotes waits until the probe has written a number of notes for a test.
func awaitNotes(t *testing.T, test string, number int) []note {
	t.Helper()
	var found []note
	eventually(t, fmt.Sprintf("%d notes of the probe", number), func() error {
		if found = notes(t, test); len(found) < number {
			return fmt.Errorf("there are %d", len(found))
		}
		return nil
	})
	return found
}

// steps returns the notes in words: each step and what became of it.
func steps(all []note) string {
	var words []string
	for _, n := range all {
		words = append(words, strings.TrimSpace(n.step+" "+n.outcome))
	}
	return strings.Join(words, ", ")
}

func textOf(value types.AttributeValue) string {
	text, _ := value.(*types.AttributeValueMemberS)
	if text == nil {
		return ""
	}
	return text.Value
}

// item returns an item of texts; a key that is empty is left out.
func item(pk, sk string, pairs ...string) map[string]types.AttributeValue {
	made := map[string]types.AttributeValue{}
	for i := 0; i < len(pairs); i += 2 {
		made[pairs[i]] = &types.AttributeValueMemberS{Value: pairs[i+1]}
	}
	if pk != "" {
		made["pk"], made["sk"] = &types.AttributeValueMemberS{Value: pk}, &types.AttributeValueMemberS{Value: sk}
	}
	return made
}
