package dynamo_test

import (
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/dynamo"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
)

// recordHex is the binary form of the record of these tests, without a vocabulary. A
// version that writes another form, or that cannot read this one, cannot be deployed.
const recordHex = "" +
	"01a301557b22737461747573223a227265736572766564227d0263632d310382a6016c6f726465722e706c616365640263652d31031907d2041903e90663652d300781a50178" +
	"1877617265686f7573652e73746f636b2d726573657276656402781c68747470733a2f2f6578616d706c652e636f6d2f736368656d612f3103477b226e223a317d0563652d32" +
	"0874313937302d30312d30315430303a30303a30325aa401766c6f79616c74792e706f696e74732d617761726465640263652d39031907d2041903e9"

// jsonItem is the same record in the form before the binary one.
func jsonItem(t *testing.T, version string) map[string]types.AttributeValue {
	t.Helper()
	published, err := json.Marshal(reserved())
	if err != nil {
		t.Fatal(err)
	}
	return map[string]types.AttributeValue{
		"pk": str("o-1"), "version": num(version), "state": str(`{"status":"reserved"}`), "expires_at": num("5005"),
		"handled": &types.AttributeValueMemberL{Value: []types.AttributeValue{
			&types.AttributeValueMemberM{Value: map[string]types.AttributeValue{
				"source": str("order"), "id": str("e-1"), "type": str("order.placed"), "cause": str("e-0"), "time": num("1001"), "at": num("2002"),
				"published": &types.AttributeValueMemberL{Value: []types.AttributeValue{str(string(published))}},
			}},
			&types.AttributeValueMemberM{Value: map[string]types.AttributeValue{
				"source": str("loyalty"), "id": str("e-9"), "type": str("loyalty.points-awarded"), "time": num("3003"), "at": num("4004"),
			}},
		}},
	}
}

func TestARecordOfTheEarlierFormIsReadAndThenWrittenInTheNewOne(t *testing.T) {
	c := newClient()
	c.items["o-1"] = jsonItem(t, "3")
	first := handled(c.items["o-1"])
	first["digest"] = str("abcdEFGH_-123456")
	published := first["published"].(*types.AttributeValueMemberL)
	published.Value = append(published.Value, published.Value[0])
	store := dynamo.NewStore(c, table, dynamo.Vocabulary{})
	got, err := store.Load(t.Context(), "o-1")
	if err != nil {
		t.Fatal(err)
	}
	want := record()
	want.Version, want.Handled[0].Digest, want.Handled[0].Published = 3, "abcdEFGH_-123456", []event.Event{reserved(), reserved()}
	assertEqual(t, want, got)
	if err := store.Commit(t.Context(), got, nil); err != nil {
		t.Fatal(err)
	}
	written, err := dynamo.Vocabulary{}.Item(want)
	if err != nil {
		t.Fatal(err)
	}
	assertEqual(t, written, c.puts[0].Item)
}

// handled returns the attributes of the first event of a record in the earlier form.
func handled(item map[string]types.AttributeValue) map[string]types.AttributeValue {
	return item["handled"].(*types.AttributeValueMemberL).Value[0].(*types.AttributeValueMemberM).Value
}

func TestATombstoneOfTheEarlierFormIsRead(t *testing.T) {
	c := newClient()
	c.items["o-1"] = map[string]types.AttributeValue{
		"pk": str("o-1"), "version": num("2"), "state": str(`{}`), "expires_at": num("5005"), "erased": &types.AttributeValueMemberBOOL{Value: true},
	}
	got, err := dynamo.NewStore(c, table, dynamo.Vocabulary{}).Load(t.Context(), "o-1")
	if err != nil {
		t.Fatal(err)
	}
	assertEqual(t, participant.Record{
		Subject: "o-1", Version: 2, State: json.RawMessage(`{}`), ExpiresAt: time.Unix(5005, 0).UTC(), Erased: true,
	}, got)
}

// The owner of a record is stored only if nothing was published: it is the source of what
// it has published. So a record of a version that did not store it has its owner, or none.
func TestARecordOfAVersionWithoutOwnersIsReadAndThenOwned(t *testing.T) {
	ignored := record()
	ignored.Handled = ignored.Handled[1:]
	ignored.Owner = ""
	unowned, err := dynamo.Vocabulary{}.Item(ignored)
	if err != nil {
		t.Fatal(err)
	}
	// As that version has written it.
	const ignoredHex = "01a201557b22737461747573223a227265736572766564227d0381a401766c6f79616c74792e706f696e74732d617761726465640263652d3903190fa4041903e9"
	assertEqual(t, ignoredHex, hex.EncodeToString(bytesOf(unowned).Value))

	ignored.Owner = "warehouse"
	owned, err := dynamo.Vocabulary{}.Item(ignored)
	if err != nil {
		t.Fatal(err)
	}
	assertEqual(t, "01a3"+ignoredHex[4:]+"056977617265686f757365", hex.EncodeToString(bytesOf(owned).Value))

	for owner, item := range map[string]map[string]types.AttributeValue{"": unowned, "warehouse": owned} {
		read, err := dynamo.Vocabulary{}.Record(item)
		assertEqual(t, owner, read.Owner)
		if err != nil {
			t.Error(err)
		}
	}
}

// Of an event that is as event.Caused makes it, only its type, schema, data and trace are stored.
func TestARecordHasNothingThatCanBeDerivedAndIdsAsBytes(t *testing.T) {
	const (
		publishedHex = "a401781877617265686f7573652e73746f636b2d726573657276656402781c68747470733a2f2f6578616d706c652e636f6d2f736368656d612f3103477b226e223a317d" +
			"0458190af7651916cd43dd8448eb211c80319cb7ad6b716920333101"
		wantHex = "01a301557b22737461747573223a227265736572766564227d0263632d310381a7016c6f726465722e706c6163656402500af7651916cd43dd8448eb211c80319c03" +
			"1907d2041903e9054c69b71d105187ffed76df8e7a0663652d300782" + publishedHex + publishedHex
	)
	r := record()
	r.Handled = r.Handled[:1]
	h := &r.Handled[0]
	h.ID, h.Digest = "0af76519-16cd-43dd-8448-eb211c80319c", "abcdEFGH_-123456"
	h.Published = append(h.Published, reserved())
	for ordinal := range h.Published {
		e := &h.Published[ordinal]
		e.ID, e.Time, e.CausationID = event.DeriveID(h.Source, h.ID, e.Type, strconv.Itoa(ordinal)), h.HandledAt, h.ID
		e.TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	}
	stored, err := dynamo.Vocabulary{}.Item(r)
	if err != nil {
		t.Fatal(err)
	}
	assertEqual(t, wantHex, hex.EncodeToString(bytesOf(stored).Value))
	read, err := dynamo.Vocabulary{}.Record(stored)
	r.Version = 1
	assertEqual(t, r, read)
	if err != nil {
		t.Error(err)
	}
}

// indexed is a stored record that is due, and has an entry.
func indexed(t *testing.T, version string) map[string]types.AttributeValue {
	t.Helper()
	all := item(t, version)
	all["due"], all["account"], all["amount"], all["until"] = num("7007"), str("customer#c-42"), num("25"), num("9000")
	return all
}

func TestAnItemThatIsNoRecordIsAnError(t *testing.T) {
	set := func(name string, value types.AttributeValue) func(map[string]types.AttributeValue) {
		return func(item map[string]types.AttributeValue) { item[name] = value }
	}
	// replace replaces a CBOR value.
	replace := func(before, after string) func(map[string]types.AttributeValue) {
		return func(item map[string]types.AttributeValue) {
			encoded := string(bytesOf(item).Value)
			if !strings.Contains(encoded, before) {
				t.Fatalf("the record has no %q", before)
			}
			bytesOf(item).Value = []byte(strings.Replace(encoded, before, after, 1))
		}
	}
	const eventType, correlation, number, twoBytes = "\x76loyalty.points-awarded", "\x63c-1", "\x07", "\x42\x01\x02"
	publishX := func(item map[string]types.AttributeValue) {
		handled(item)["published"] = &types.AttributeValueMemberL{Value: []types.AttributeValue{str("x")}}
	}
	for name, test := range map[string]struct {
		form  func(*testing.T, string) map[string]types.AttributeValue
		spoil func(map[string]types.AttributeValue)
	}{
		"a version of text":      {item, set("version", str("x"))},
		"no version":             {item, func(item map[string]types.AttributeValue) { delete(item, "version") }},
		"a fraction of a second": {item, set("expires_at", num("1.5"))},
		"a due time of text":     {indexed, set("due", str("x"))},
		"an account of a number": {indexed, set("account", num("1"))},
		"an amount of text":      {indexed, set("amount", str("x"))},
		"an end of text":         {indexed, set("until", str("x"))},
		"a record of text":       {item, set("record", str("x"))},
		"an empty record":        {item, func(item map[string]types.AttributeValue) { bytesOf(item).Value = []byte{} }},
		"another format":         {item, func(item map[string]types.AttributeValue) { bytesOf(item).Value[0] = 2 }},
		"half a record":          {item, func(item map[string]types.AttributeValue) { bytesOf(item).Value = bytesOf(item).Value[:40] }},
		"an unknown word":        {item, replace(eventType, "\x43\x01\x02\x03")},
		"a short word":           {item, replace(eventType, twoBytes)},
		"a number for a word":    {item, replace(eventType, number)},
		"a number for an id":     {item, replace(correlation, number)},
		"a short id":             {item, replace(correlation, twoBytes)},
		"a time of x":            {item, replace("\x741970-01-01T00:00:02Z", "\x61x")},
		"a short trace":          {item, replace("\x05\x63e-2", "\x04"+twoBytes)}, // In place of the id.
		"events of text":         {jsonItem, set("handled", str("x"))},
		"a published event of x": {jsonItem, publishX},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClient()
			c.items["o-1"] = test.form(t, "1")
			test.spoil(c.items["o-1"])
			got, err := dynamo.NewStore(c, table, dynamo.Vocabulary{}).Load(t.Context(), "o-1")
			if err == nil || !strings.Contains(err.Error(), "the record of o-1") {
				t.Errorf("loaded: %+v, %v", got, err)
			}
		})
	}
}

func bytesOf(item map[string]types.AttributeValue) *types.AttributeValueMemberB {
	return item["record"].(*types.AttributeValueMemberB)
}

func vocabulary(t *testing.T) dynamo.Vocabulary {
	t.Helper()
	known, err := dynamo.NewVocabulary(contract.Catalogue().Words()...)
	if err != nil {
		t.Fatal(err)
	}
	return known
}

func TestWordsOfALanguageAreCodesAndOtherWordsAreAsTheyAre(t *testing.T) {
	c := newClient()
	store := dynamo.NewStore(c, table, vocabulary(t))
	r := record()
	r.Handled[1].Type = "loyalty.unheard-of"
	if err := store.Commit(t.Context(), r, nil); err != nil {
		t.Fatal(err)
	}
	encoded := string(bytesOf(c.items["o-1"]).Value)
	if strings.Contains(encoded, "order.placed") || !strings.Contains(encoded, "loyalty.unheard-of") {
		t.Errorf("the record is %q", encoded)
	}
	got, err := store.Load(t.Context(), "o-1")
	if err != nil {
		t.Fatal(err)
	}
	r.Version = 1
	assertEqual(t, r, got)
	if _, err := dynamo.NewStore(c, table, dynamo.Vocabulary{}).Load(t.Context(), "o-1"); err == nil || !strings.Contains(err.Error(), "is not in the vocabulary") {
		t.Errorf("without the vocabulary the error is %v", err)
	}
}

func TestTwoWordsWithTheSameCodeAreAnError(t *testing.T) {
	// Their SHA-256 begin with the same three bytes.
	if _, err := dynamo.NewVocabulary("word-1213", "word-6024"); err == nil || !strings.Contains(err.Error(), `"word-1213" and "word-6024"`) {
		t.Errorf("the error is %v", err)
	}
	if _, err := dynamo.NewVocabulary("order", "order"); err != nil {
		t.Errorf("for a word twice the error is %v", err)
	}
}

// drawText draws an id or another text: one that has a short form, or one that is
// almost like it.
func drawText(t *rapid.T, name string) string {
	id := uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, name+" as uuid"))
	return rapid.SampledFrom([]string{
		id.String(), strings.ToUpper(id.String()), "urn:uuid:" + id.String(), "", "o-1", "e-1", "order", "AAAA", "order.placed", "payment.taken",
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "00-0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-01",
		"00-0af7651916cd43dd8448eb211c80319cb7ad6b7169203331-01", "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "abcdEFGH_-123456", "abcdEFGH_-12345", "abcdEFGH\n", "AB",
		"https://example.com/saga/schema/order.placed/1", "\x00é\u2028",
	}).Draw(t, name)
}

func drawTime(t *rapid.T, name string) time.Time {
	return time.UnixMilli(rapid.Int64Range(-62135596800000, 253402300799999).Draw(t, name)).UTC()
}

func drawRecord(t *rapid.T) participant.Record {
	r := participant.Record{
		Subject: "o-1", Owner: drawText(t, "owner"), State: json.RawMessage(`{"n":1}`), Erased: rapid.Bool().Draw(t, "erased"),
	}
	for range rapid.IntRange(0, 3).Draw(t, "handled") {
		h := participant.Handled{
			Source: drawText(t, "source"), ID: drawText(t, "id"), Type: drawText(t, "type"), CausationID: drawText(t, "cause"),
			Digest: drawText(t, "digest"), OccurredAt: drawTime(t, "occurred"), HandledAt: drawTime(t, "handled"),
		}
		for range rapid.IntRange(0, 2).Draw(t, "published") {
			e := event.Event{
				ID: drawText(t, "id"), Source: drawText(t, "source"), Type: drawText(t, "type"), Subject: drawText(t, "subject"),
				Time: drawTime(t, "time").Add(time.Duration(rapid.IntRange(0, 1).Draw(t, "ns"))), DataSchema: drawText(t, "schema"),
				CorrelationID: drawText(t, "correlation"), CausationID: drawText(t, "cause"), TraceParent: drawText(t, "trace"),
			}
			if rapid.Bool().Draw(t, "usual") {
				e.ID, e.Time, e.Subject = event.DeriveID(h.Source, h.ID, e.Type, "0"), h.HandledAt, r.Subject
			}
			if rapid.Bool().Draw(t, "has data") {
				e.Data = json.RawMessage(`{"text":"\u003cé\u003e"}`)
			}
			h.Published = append(h.Published, e)
		}
		r.Handled = append(r.Handled, h)
	}
	return r
}

func TestAnyRecordIsLoadedAsItWasCommitted(t *testing.T) {
	known := vocabulary(t)
	rapid.Check(t, func(rt *rapid.T) {
		store := dynamo.NewStore(newClient(), table, known)
		want := drawRecord(rt)
		if err := store.Commit(t.Context(), want, nil); err != nil {
			rt.Fatal(err)
		}
		got, err := store.Load(t.Context(), want.Subject)
		if err != nil {
			rt.Fatal(err)
		}
		want.Version = 1
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			rt.Errorf("committed (-) and loaded (+):\n%s", diff)
		}
	})
}

func FuzzARecordIsReadOrAnError(f *testing.F) {
	encoded, err := hex.DecodeString(recordHex)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(encoded)
	f.Fuzz(func(t *testing.T, encoded []byte) {
		c := newClient()
		c.items["o-1"] = map[string]types.AttributeValue{"pk": str("o-1"), "version": num("1"), "record": &types.AttributeValueMemberB{Value: encoded}}
		store := dynamo.NewStore(c, table, dynamo.Vocabulary{})
		read, err := store.Load(t.Context(), "o-1")
		if err != nil {
			return
		}
		if participant.CheckCommit(read, nil) != nil {
			return
		}
		if err := store.Commit(t.Context(), read, nil); err != nil {
			t.Fatalf("a record that was read cannot be written: %v", err)
		}
	})
}
