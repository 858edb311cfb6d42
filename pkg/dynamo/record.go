package dynamo

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/uuid"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
)

// binaryFormat is the first byte of a record in the attribute named record. CBOR (RFC
// 8949) follows. A record of another format has another first byte.
const binaryFormat = 1

// The stored form of a record. It has every field of a participant.Record that is not
// an attribute of its own, and no field that can be derived from the others: an absent
// field has the value that it has in the usual case. Keys are never used again for
// something else. A field of type any has a short form: a UUID or a digest as bytes, a
// word of the vocabulary as its code.
type (
	storedRecord struct {
		// State is JSON.
		State []byte `cbor:"1,keyasint"`
		// Correlation is that of the first published event.
		Correlation any             `cbor:"2,keyasint,omitempty"`
		Handled     []storedHandled `cbor:"3,keyasint,omitempty"`
		Erased      bool            `cbor:"4,keyasint,omitempty"`
		// Owner is absent if it is the source of the first published event.
		Owner any `cbor:"5,keyasint,omitempty"`
	}

	storedHandled struct {
		Type any `cbor:"1,keyasint"`
		ID   any `cbor:"2,keyasint"`
		// HandledAt is in milliseconds: of the epoch for the first, and after the one
		// before for the others.
		HandledAt int64 `cbor:"3,keyasint"`
		// OccurredAt is in milliseconds before HandledAt.
		OccurredAt  int64             `cbor:"4,keyasint"`
		Digest      any               `cbor:"5,keyasint,omitempty"`
		CausationID any               `cbor:"6,keyasint,omitempty"`
		Published   []storedPublished `cbor:"7,keyasint,omitempty"`
		// Source is absent if it is the first part of the type.
		Source any `cbor:"8,keyasint,omitempty"`
	}

	storedPublished struct {
		Type        any    `cbor:"1,keyasint"`
		DataSchema  any    `cbor:"2,keyasint"`
		Data        []byte `cbor:"3,keyasint,omitempty"`
		TraceParent any    `cbor:"4,keyasint,omitempty"`
		// The rest is absent if it is as event.Caused makes it: the id is derived from
		// the cause, the type and the ordinal, the source is the first part of the type,
		// the time is that of the handling, and so on.
		ID            any `cbor:"5,keyasint,omitempty"`
		Source        any `cbor:"6,keyasint,omitempty"`
		Subject       any `cbor:"7,keyasint,omitempty"`
		Time          any `cbor:"8,keyasint,omitempty"`
		CorrelationID any `cbor:"9,keyasint,omitempty"`
		CausationID   any `cbor:"10,keyasint,omitempty"`
	}
)

// encode returns the stored form of a record.
func (v Vocabulary) encode(record participant.Record) ([]byte, error) {
	first := record.First()
	correlation := first.CorrelationID
	stored := storedRecord{
		State: record.State, Correlation: optional(correlation), Erased: record.Erased, Owner: unless(first.Source, record.Owner),
	}
	previous := int64(0)
	for _, h := range record.Handled {
		at := h.HandledAt.UnixMilli()
		entry := storedHandled{
			Type: v.compact(h.Type), ID: compactID(h.ID),
			HandledAt: at - previous, OccurredAt: at - h.OccurredAt.UnixMilli(),
			Digest: compactDigest(h.Digest), CausationID: optional(h.CausationID),
			Source: unless(firstPart(h.Type), h.Source),
		}
		for ordinal, e := range h.Published {
			usual := usualEvent(record.Subject, correlation, h, e.Type, ordinal)
			entry.Published = append(entry.Published, v.encodeEvent(e, usual))
		}
		stored.Handled = append(stored.Handled, entry)
		previous = at
	}
	encoded, err := cbor.Marshal(stored)
	return append([]byte{binaryFormat}, encoded...), err
}

func (v Vocabulary) encodeEvent(e, usual event.Event) storedPublished {
	stored := storedPublished{
		Type: v.compact(e.Type), DataSchema: v.compact(e.DataSchema), Data: e.Data, TraceParent: compactTrace(e.TraceParent),
		ID: unless(usual.ID, e.ID), Source: unless(usual.Source, e.Source), Subject: unless(usual.Subject, e.Subject),
		CorrelationID: unless(usual.CorrelationID, e.CorrelationID), CausationID: unless(usual.CausationID, e.CausationID),
	}
	if !e.Time.Equal(usual.Time) {
		stored.Time = e.Time.UTC().Format(time.RFC3339Nano)
	}
	return stored
}

// decode returns the record of its stored form.
func (v Vocabulary) decode(subject string, encoded []byte) (participant.Record, error) {
	if len(encoded) == 0 || encoded[0] != binaryFormat {
		return participant.Record{}, errors.New("its format is unknown to this version")
	}
	var stored storedRecord
	if err := cbor.Unmarshal(encoded[1:], &stored); err != nil {
		return participant.Record{}, err
	}
	d := decoder{vocabulary: v}
	record := participant.Record{State: stored.State, Erased: stored.Erased}
	correlation := d.text(stored.Correlation)
	previous := int64(0)
	for _, entry := range stored.Handled {
		previous += entry.HandledAt
		eventType := d.word(entry.Type)
		h := participant.Handled{
			Source: d.textOr(entry.Source, firstPart(eventType)), ID: d.text(entry.ID), Type: eventType,
			CausationID: d.text(entry.CausationID), Digest: d.digest(entry.Digest),
			OccurredAt: time.UnixMilli(previous - entry.OccurredAt).UTC(), HandledAt: time.UnixMilli(previous).UTC(),
		}
		for ordinal, published := range entry.Published {
			usual := usualEvent(subject, correlation, h, d.word(published.Type), ordinal)
			h.Published = append(h.Published, d.event(published, usual))
		}
		record.Handled = append(record.Handled, h)
	}
	record.Owner = d.textOr(stored.Owner, record.First().Source)
	return record, d.err
}

// decoder decodes the fields of a stored record, and keeps the first error.
type decoder struct {
	vocabulary Vocabulary
	err        error
}

func (d *decoder) event(stored storedPublished, usual event.Event) event.Event {
	e := usual
	e.ID = d.textOr(stored.ID, usual.ID)
	e.Source = d.textOr(stored.Source, usual.Source)
	e.Subject = d.textOr(stored.Subject, usual.Subject)
	e.CorrelationID = d.textOr(stored.CorrelationID, usual.CorrelationID)
	e.CausationID = d.textOr(stored.CausationID, usual.CausationID)
	e.DataSchema = d.word(stored.DataSchema)
	e.TraceParent = d.trace(stored.TraceParent)
	e.Data = stored.Data
	if stored.Time != nil {
		at, err := time.Parse(time.RFC3339Nano, d.text(stored.Time))
		d.keep(err)
		e.Time = at.UTC()
	}
	return e
}

func (d *decoder) keep(err error) {
	if d.err == nil {
		d.err = err
	}
}

func (d *decoder) word(value any) string {
	word, err := d.vocabulary.expand(value)
	d.keep(err)
	return word
}

// text returns a text, a UUID, or "" for an absent value.
func (d *decoder) text(value any) string { return d.textOr(value, "") }

// textOr is like text with another text for an absent value.
func (d *decoder) textOr(value any, absent string) string {
	switch value := value.(type) {
	case nil:
		return absent
	case string:
		return value
	case []byte:
		id, err := uuid.FromBytes(value)
		d.keep(err)
		return id.String()
	}
	d.keep(fmt.Errorf("a %T is in the place of a text", value))
	return ""
}

func (d *decoder) digest(value any) string {
	if digest, isBytes := value.([]byte); isBytes {
		return base64.RawURLEncoding.EncodeToString(digest)
	}
	return d.text(value)
}

func (d *decoder) trace(value any) string {
	if trace, _ := value.([]byte); len(trace) == traceLength {
		return formatTrace(trace)
	}
	return d.text(value)
}

// usualEvent returns what is the same in every event that event.Caused makes of an
// event with this ordinal.
func usualEvent(subject, correlation string, by participant.Handled, eventType string, ordinal int) event.Event {
	return event.Event{
		ID:     event.DeriveID(by.Source, by.ID, eventType, strconv.Itoa(ordinal)),
		Source: firstPart(eventType), Type: eventType, Subject: subject, Time: by.HandledAt,
		CorrelationID: correlation, CausationID: by.ID,
	}
}

// firstPart returns what is before the first point of a type: by convention, its
// source.
func firstPart(eventType string) string {
	first, _, _ := strings.Cut(eventType, ".")
	return first
}

// optional returns nil for "", and otherwise the short form of an id.
func optional(id string) any { return unless("", id) }

// unless returns nil for the usual text, and otherwise the short form of an id.
func unless(usual, id string) any {
	if id == usual {
		return nil
	}
	return compactID(id)
}

// compactID returns the bytes of a UUID in its canonical form, or else the text.
func compactID(id string) any {
	parsed, _ := uuid.Parse(id) // The bytes of what is no UUID have another text.
	if parsed.String() != id {
		return id
	}
	return parsed[:]
}

// compactDigest returns the bytes of a text in base64, or else the text.
func compactDigest(digest string) any {
	decoded, _ := base64.RawURLEncoding.DecodeString(digest) // As in compactID.
	switch {
	case digest == "":
		return nil
	case base64.RawURLEncoding.EncodeToString(decoded) != digest:
		return digest
	}
	return decoded
}

// traceLength is the length of a trace id, a span id and flags.
const traceLength = 16 + 8 + 1

// compactTrace returns the bytes of a trace parent of version 00, or else the text.
func compactTrace(parent string) any {
	// As in compactID.
	decoded, _ := hex.DecodeString(strings.ReplaceAll(strings.TrimPrefix(parent, "00-"), "-", ""))
	switch {
	case parent == "":
		return nil
	case len(decoded) != traceLength || formatTrace(decoded) != parent:
		return parent
	}
	return decoded
}

func formatTrace(trace []byte) string {
	return fmt.Sprintf("00-%x-%x-%x", trace[:16], trace[16:24], trace[24:])
}
