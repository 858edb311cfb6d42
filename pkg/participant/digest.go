package participant

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"example.com/saga/pkg/event"
)

// ErrOtherContent is returned by Execute if the id of a command was executed before
// with other data. Nothing has changed then.
var ErrOtherContent = errors.New("this id was executed with other content")

// A digest has a part for the schema and a part for the data. Data in two versions
// of a schema cannot be compared, and is not counted as two contents. 9 bytes of the
// data's hash are enough: other content for an id that exists is found after 2^72
// tries.
const (
	schemaBytes  = 3
	dataBytes    = 9
	schemaLength = schemaBytes * 4 / 3
)

// digestOfEvent returns a digest that does not depend on the order of members or on
// white space.
func digestOfEvent(e event.Event) (string, error) {
	return digest(e.Type, e.DataSchema, e.Data)
}

func digestOfCommand(data event.Data) (string, error) {
	encoded, err := json.Marshal(data)
	if err != nil {
		return "", fmt.Errorf("%w: the command %s cannot be encoded: %w", event.ErrInvalid, data.EventType(), err)
	}
	return digest(data.EventType(), "", encoded)
}

func digest(eventType, schema string, data []byte) (string, error) {
	canonical := jsontext.Value(slices.Clone(data))
	if err := canonical.Canonicalize(); err != nil { // RFC 8785
		return "", fmt.Errorf("%w: data of %s: %w", event.ErrInvalid, eventType, err)
	}
	ofSchema, ofData := sha256.Sum256([]byte(schema)), sha256.Sum256(canonical)
	return base64.RawURLEncoding.EncodeToString(append(ofSchema[:schemaBytes:schemaBytes], ofData[:dataBytes]...)), nil
}

// checkContent returns an error if a task with the same id has other content.
func (h Handled) checkContent(t *task) error {
	isComparable := strings.HasPrefix(h.Digest, t.digest[:schemaLength])
	switch {
	case h.Type == t.Event.Type && (!isComparable || h.Digest == t.digest):
		return nil
	case t.isCommand:
		return ErrOtherContent
	}
	return fmt.Errorf("%w: this id was handled with other content", event.ErrInvalid)
}
