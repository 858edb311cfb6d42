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

// ErrOtherContent is returned by Execute for a command whose id was executed
// before with other data. Nothing has changed then.
var ErrOtherContent = errors.New("this id was executed with other content")

// A digest is one part for the schema and one for the data, so that data in two
// versions of a schema, which cannot be compared, is not taken for two contents.
// 9 bytes of data are enough: an id with another content has to be found for one
// that exists, at 2^72 tries.
const (
	schemaBytes  = 3
	dataBytes    = 9
	schemaLength = schemaBytes * 4 / 3
)

// digestOfEvent is the same for the same data in any spelling: in another order
// of members, with other white space.
func digestOfEvent(e event.Event) (string, error) {
	return digest(e.Type, e.DataSchema, e.Data)
}

func digestOfCommand(data event.Data) (string, error) {
	encoded, err := json.Marshal(data)
	if err != nil {
		return "", fmt.Errorf("encode the command %s: %w", data.EventType(), err)
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

// checkContent returns an error if a cause with the id of what was handled has
// another content.
func (h Handled) checkContent(c cause) error {
	isComparable := strings.HasPrefix(h.Digest, c.digest[:schemaLength])
	switch {
	case h.Type == c.Event.Type && (!isComparable || h.Digest == c.digest):
		return nil
	case c.IsCommand:
		return ErrOtherContent
	}
	return fmt.Errorf("%w: this id was handled with other content", event.ErrInvalid)
}
