package event_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/event"
)

// parcel is the data of an event that is not in the published language.
type parcel struct {
	Label string `json:"label"`
}

func (parcel) EventType() string { return "depot.parcel-left" }

func full() event.Event {
	return event.Event{
		ID:            "e-2",
		Source:        "depot",
		Type:          "depot.parcel-left",
		Subject:       "order-1",
		Time:          time.Date(2026, 3, 4, 5, 6, 7, 89_000_000, time.UTC),
		DataSchema:    "https://example.com/schema/depot.parcel-left/1",
		CorrelationID: "c-1",
		CausationID:   "e-1",
		TraceParent:   "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		Data:          json.RawMessage(`{"label":"<a&b>\u2028é"}`),
	}
}

// members returns the members of the full event's JSON.
func members() map[string]any {
	return map[string]any{
		"specversion":     "1.0",
		"id":              "e-2",
		"source":          "depot",
		"type":            "depot.parcel-left",
		"subject":         "order-1",
		"time":            "2026-03-04T05:06:07.089Z",
		"datacontenttype": "application/json",
		"dataschema":      "https://example.com/schema/depot.parcel-left/1",
		"correlationid":   "c-1",
		"causationid":     "e-1",
		"traceparent":     "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		"data":            map[string]any{"label": "x"},
	}
}

func encode(t *testing.T, value any) []byte {
	t.Helper()
	encoded, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

func TestAnEventIsDecodedAsItWasEncoded(t *testing.T) {
	first := full()
	first.CausationID, first.TraceParent = "", ""
	for name, e := range map[string]event.Event{"caused": full(), "first of its saga": first} {
		t.Run(name, func(t *testing.T) {
			encoded := encode(t, e)
			read, err := event.Parse(encoded)
			if err != nil {
				t.Fatal(err)
			}
			again := encode(t, read)
			if string(again) != string(encoded) {
				t.Errorf("written again:\n%s\nfirst:\n%s", again, encoded)
			}
			read.Data, e.Data = compact(t, read.Data), compact(t, e.Data)
			if diff := cmp.Diff(e, read); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// compact returns the same JSON without white space.
func compact(t *testing.T, data json.RawMessage) json.RawMessage {
	t.Helper()
	return encode(t, data)
}

func TestTheCloudEventsSDKDecodesAnEncodedEvent(t *testing.T) {
	var ce cloudevents.Event
	if err := json.Unmarshal(encode(t, full()), &ce); err != nil {
		t.Fatal(err)
	}
	if err := ce.Validate(); err != nil {
		t.Error(err)
	}
	got := map[string]any{
		"specversion":     ce.SpecVersion(),
		"id":              ce.ID(),
		"source":          ce.Source(),
		"type":            ce.Type(),
		"subject":         ce.Subject(),
		"time":            ce.Time().Format(time.RFC3339Nano),
		"datacontenttype": ce.DataContentType(),
		"dataschema":      ce.DataSchema(),
		"correlationid":   ce.Extensions()["correlationid"],
		"causationid":     ce.Extensions()["causationid"],
		"traceparent":     ce.Extensions()["traceparent"],
	}
	want := members()
	delete(want, "data")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	var data parcel
	if err := ce.DataAs(&data); err != nil || data.Label != "<a&b>\u2028é" {
		t.Errorf("the data is %q, %v", data.Label, err)
	}
}

func TestOnlyTheFirstEventOfASagaHasNoCausationMember(t *testing.T) {
	first := full()
	first.CausationID = ""
	var written map[string]any
	if err := json.Unmarshal(encode(t, first), &written); err != nil {
		t.Fatal(err)
	}
	if value, found := written["causationid"]; found {
		t.Errorf("causationid is %v", value)
	}
}

func TestParseRefuses(t *testing.T) {
	const absent = "\x00absent"
	long := strings.Repeat("x", 257)
	for name, c := range map[string]struct {
		member string
		value  any
		want   string
	}{
		"another specversion":               {"specversion", "0.3", "specversion"},
		"an unknown specversion":            {"specversion", "2.0", "2.0"},
		"no specversion":                    {"specversion", absent, "specversion"},
		"no id":                             {"id", absent, "id"},
		"an empty id":                       {"id", "", "id"},
		"no source":                         {"source", absent, "source"},
		"no type":                           {"type", absent, "type"},
		"no subject":                        {"subject", absent, "subject"},
		"a subject with a slash":            {"subject", "a/b", "subject"},
		"a subject with a line break":       {"subject", "a\n", "subject"},
		"a subject with 101 characters":     {"subject", strings.Repeat("x", 101), "subject"},
		"no time":                           {"time", absent, "time"},
		"a time that is none":               {"time", "yesterday", "yesterday"},
		"no dataschema":                     {"dataschema", absent, "dataschema"},
		"an empty dataschema":               {"dataschema", "", "dataschema"},
		"no correlationid":                  {"correlationid", absent, "correlationid"},
		"an empty correlationid":            {"correlationid", "", "correlationid"},
		"a correlationid of a number":       {"correlationid", 7, "correlationid"},
		"a causationid of a number":         {"causationid", 7, "causationid"},
		"an id of 257 bytes":                {"id", long, "id has 257 bytes"},
		"a source of 257 bytes":             {"source", long, "source has 257 bytes"},
		"a type of 129 bytes":               {"type", long[:129], "type has 129 bytes"},
		"a correlationid of 257 bytes":      {"correlationid", long, "correlationid has 257 bytes"},
		"a causationid of 257 bytes":        {"causationid", long, "causationid has 257 bytes"},
		"no data":                           {"data", absent, "data"},
		"another datacontenttype":           {"datacontenttype", "text/plain", "text/plain"},
		"a datacontenttype of JSON lines":   {"datacontenttype", "application/json-seq", "json-seq"},
		"a datacontenttype of a number":     {"datacontenttype", 7, "datacontenttype"},
		"another charset":                   {"datacontenttype", "application/json; charset=iso-8859-1", "iso-8859-1"},
		"half a media type":                 {"datacontenttype", "application/", "media type"},
		"half a parameter":                  {"datacontenttype", "application/json; charset", "media type"},
		"an id of white space":              {"id", " \u2003", "id"},
		"an id with a control character":    {"id", "a\u009b", "id has a control character"},
		"an id with a noncharacter":         {"id", "a\uffff", "U+FFFF"},
		"a type with a line break":          {"type", "a\nb", "type has a control character"},
		"a correlationid with a null":       {"correlationid", "a\x00b", "correlationid"},
		"a causationid with a DEL":          {"causationid", "a\x7f", "causationid"},
		"a source that is no URI":           {"source", "a b", "source"},
		"a source of AWS":                   {"source", "aws.events", "aws."},
		"a dataschema that is not absolute": {"dataschema", "schema/1", "dataschema"},
		"a dataschema of a number":          {"dataschema", 1, "dataschema"},
		"a time of a number":                {"time", 1772604367, "time"},
		"a time without a zone":             {"time", "2026-03-04T05:06:07", "RFC 3339"},
		"a time with a comma":               {"time", "2026-03-04T05:06:07,5Z", "RFC 3339"},
		"a subject of an object":            {"subject", map[string]any{}, "subject"},
		"data with a noncharacter":          {"data", map[string]any{"label": "x\ufffe"}, "U+FFFE at /data/label"},
		"an extension of an object":         {"comexamplething", map[string]any{}, "comexamplething"},
		"an extension of a fraction":        {"comexamplething", 1.5, "comexamplething"},
		"an extension of 33 bits":           {"comexamplething", 1 << 32, "comexamplething"},
		"a member that is no attribute":     {"com-example", "x", "com-example"},
		"a member without a name":           {"", "x", "name of an attribute"},
	} {
		t.Run(name, func(t *testing.T) {
			document := members()
			document[c.member] = c.value
			if c.value == absent {
				delete(document, c.member)
			}
			_, err := event.Parse(encode(t, document))
			if !errors.Is(err, event.ErrInvalid) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v, want ErrInvalid with %s", err, c.want)
			}
		})
	}
	for name, text := range map[string]string{
		"nothing": "", "no JSON": "{", "another kind of JSON": `[]`, "null": `null`, "two documents": "{}{}", "an object of nothing": "{}",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := event.Parse([]byte(text)); !errors.Is(err, event.ErrInvalid) {
				t.Errorf("the error is %v, not ErrInvalid", err)
			}
		})
	}
}

// eachOnce returns an event's JSON with more members at the end.
func eachOnce(t *testing.T, more string) string {
	t.Helper()
	encoded := string(encode(t, members()))
	return strings.TrimSuffix(encoded, "}") + more + "}"
}

func TestAnEventThatReadersReadDifferentlyIsInvalid(t *testing.T) {
	for name, more := range map[string]string{
		"data and data_base64":                  `,"data_base64":"eyJsYWJlbCI6InkifQ=="`,
		"data and a data_base64 of nothing":     `,"data_base64":""`,
		"an attribute twice":                    `,"id":"e-3"`,
		"an attribute twice, the same":          `,"id":"e-2"`,
		"an attribute twice, escaped":           `,"i\u0064":"e-3"`,
		"an attribute in another case":          `,"correlationId":"c-2"`,
		"an extension of others twice":          `,"tracestate":"a=1","tracestate":"b=2"`,
		"data twice":                            `,"data":{"label":"y"}`,
		"a member of the data twice":            `,"tracestate":"x","data2":{"a":1,"a":2}`,
		"an unpaired surrogate in an extension": `,"tracestate":"\ud800"`,
		"a byte that is not UTF-8":              ",\"tracestate\":\"\xdf\"",
		"a number that readers round":           `,"sequence":1e-400`,
		"a second specversion":                  `,"specversion":"1.0"`,
	} {
		t.Run(name, func(t *testing.T) {
			if e, err := event.Parse([]byte(eachOnce(t, more))); !errors.Is(err, event.ErrInvalid) {
				t.Errorf("it is read as %+v, %v; want ErrInvalid", e, err)
			}
		})
	}
	t.Run("other extensions are valid", func(t *testing.T) {
		if _, err := event.Parse([]byte(eachOnce(t, `,"tracestate":"x","sequence":7,"partial":true,"nothing":null`))); err != nil {
			t.Error(err)
		}
	})
	t.Run("ids that differ in unpaired surrogates", func(t *testing.T) {
		for _, id := range []string{`a\ud800`, `a\ud801`, `a\udfff`} {
			text := strings.Replace(string(encode(t, members())), `"id":"e-2"`, `"id":"`+id+`"`, 1)
			if e, err := event.Parse([]byte(text)); !errors.Is(err, event.ErrInvalid) {
				t.Errorf("%s is read as %q, %v", id, e.ID, err)
			}
		}
	})
}

func TestEveryMediaTypeOfJSONIsAccepted(t *testing.T) {
	const absent = "\x00absent"
	for _, contentType := range []any{
		"application/json", "application/json; charset=utf-8", `application/json;charset="UTF-8"`, "Application/JSON",
		"application/vnd.x+json", "application/vnd.x+json; charset=UTF-8; v=1", "text/json", "application/cloudevents+JSON", absent, nil,
	} {
		document := members()
		document["datacontenttype"] = contentType
		if contentType == absent {
			delete(document, "datacontenttype")
		}
		e, err := event.Parse(encode(t, document))
		if err != nil || string(e.Data) != `{"label":"x"}` {
			t.Errorf("%v: the data is %s, %v", contentType, e.Data, err)
		}
	}
}

func TestANullCountsAsAbsent(t *testing.T) {
	document := members()
	document["causationid"], document["traceparent"], document["tracestate"] = nil, nil, nil
	e, err := event.Parse(encode(t, document))
	if err != nil || e.CausationID != "" || e.TraceParent != "" {
		t.Errorf("%+v, %v", e, err)
	}
	document["subject"] = nil
	if _, err := event.Parse(encode(t, document)); !errors.Is(err, event.ErrInvalid) || !strings.Contains(err.Error(), "subject is missing") {
		t.Errorf("without a subject: %v", err)
	}
}

func TestATimeOfRFC3339IsReadInAnySpelling(t *testing.T) {
	want := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for _, text := range []string{
		"2026-03-04T05:06:07Z", "2026-03-04t05:06:07z", "2026-03-04T05:06:07.000000000Z", "2026-03-04T07:36:07+02:30", "2026-03-04T05:06:07-00:00",
	} {
		document := members()
		document["time"] = text
		if e, err := event.Parse(encode(t, document)); err != nil || !e.Time.Equal(want) {
			t.Errorf("%s is read as %v, %v", text, e.Time, err)
		}
	}
}

func TestDataInBase64IsCheckedLikeAnyOther(t *testing.T) {
	for name, test := range map[string]struct {
		data string
		want bool
	}{
		"JSON":                     {`{"label": "x"}`, true},
		"null":                     {`null`, true},
		"no JSON":                  {`x`, false},
		"nothing":                  {``, false},
		"a member twice":           {`{"label": "x", "label": "y"}`, false},
		"a member in two cases":    {`{"label": "x", "Label": "y"}`, false},
		"an unpaired surrogate":    {`{"label": "\udead"}`, false},
		"a noncharacter":           {`{"label": "\uffff"}`, false},
		"a byte that is not UTF-8": {"{\"label\": \"Stra\xdfe\"}", false},
		"two documents":            {`{}{}`, false},
		"an integer above 64 bits": {`{"label": 99999999999999999999}`, false},
		"more levels than allowed": {strings.Repeat("[", 501) + strings.Repeat("]", 501), false},
	} {
		t.Run(name, func(t *testing.T) {
			document := members()
			delete(document, "data")
			document["data_base64"] = base64.StdEncoding.EncodeToString([]byte(test.data))
			e, err := event.Parse(encode(t, document))
			if test.want && (err != nil || string(e.Data) != test.data) {
				t.Errorf("the data is %s, %v", e.Data, err)
			}
			if !test.want && !errors.Is(err, event.ErrInvalid) {
				t.Errorf("the data is %s, %v; want ErrInvalid", e.Data, err)
			}
		})
	}
	for _, text := range []string{"e30", "e31=", "e30=\n", "e3 0=", "*"} {
		document := members()
		delete(document, "data")
		document["data_base64"] = text
		if e, err := event.Parse(encode(t, document)); !errors.Is(err, event.ErrInvalid) {
			t.Errorf("%q is read as %s, %v", text, e.Data, err)
		}
	}
}

func TestTheErrorOfParseNamesEveryProblem(t *testing.T) {
	document := members()
	maps.DeleteFunc(document, func(name string, _ any) bool {
		return name == "subject" || name == "correlationid" || name == "dataschema" || name == "time"
	})
	_, err := event.Parse(encode(t, document))
	for _, name := range []string{"subject", "correlationid", "dataschema", "time"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("the error does not name %s: %v", name, err)
		}
	}
}

func TestParseIgnoresOtherExtensions(t *testing.T) {
	document := members()
	document["tracestate"] = "vendor=1"
	if _, err := event.Parse(encode(t, document)); err != nil {
		t.Error(err)
	}
}

// No event is lost because of its trace.
func TestAMalformedTraceParentCountsAsAbsent(t *testing.T) {
	const id, span = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	for name, value := range map[string]any{
		"nothing":               "",
		"a word":                "trace",
		"a number":              7,
		"another version":       "01-" + id + "-" + span + "-01",
		"no flags":              "00-" + id + "-" + span,
		"something behind it":   "00-" + id + "-" + span + "-01-x",
		"a line break behind":   "00-" + id + "-" + span + "-01\n",
		"upper case":            "00-" + strings.ToUpper(id) + "-" + span + "-01",
		"a trace id of zeros":   "00-" + strings.Repeat("0", 32) + "-" + span + "-01",
		"a parent id of zeros":  "00-" + id + "-" + strings.Repeat("0", 16) + "-01",
		"a trace id too short":  "00-" + id[1:] + "-" + span + "-01",
		"a parent id too short": "00-" + id + "-" + span[1:] + "-01",
	} {
		t.Run(name, func(t *testing.T) {
			document := members()
			document["traceparent"] = value
			read, err := event.Parse(encode(t, document))
			if err != nil || read.TraceParent != "" {
				t.Errorf("it is read as %q, %v", read.TraceParent, err)
			}
			text, isText := value.(string)
			if !isText {
				return
			}
			e := full()
			e.TraceParent = text
			var written map[string]any
			if err := json.Unmarshal(encode(t, e), &written); err != nil {
				t.Fatal(err)
			}
			if value, found := written["traceparent"]; found {
				t.Errorf("it is written as %q", value)
			}
		})
	}
}

func TestAnInvalidEventIsNotEncoded(t *testing.T) {
	for name, spoil := range map[string]func(*event.Event){
		"no id":                              func(e *event.Event) { e.ID = "" },
		"no source":                          func(e *event.Event) { e.Source = "" },
		"no type":                            func(e *event.Event) { e.Type = "" },
		"no subject":                         func(e *event.Event) { e.Subject = "" },
		"no time":                            func(e *event.Event) { e.Time = time.Time{} },
		"no dataschema":                      func(e *event.Event) { e.DataSchema = "" },
		"no correlationid":                   func(e *event.Event) { e.CorrelationID = "" },
		"no data":                            func(e *event.Event) { e.Data = nil },
		"a type above EventBridge's limit":   func(e *event.Event) { e.Type = strings.Repeat("x", 129) },
		"a source of AWS":                    func(e *event.Event) { e.Source = "aws.s3" },
		"an id that is not UTF-8":            func(e *event.Event) { e.ID = "Stra\xdfe" },
		"a source with a control character":  func(e *event.Event) { e.Source = "a\x01" },
		"a subject that is no message group": func(e *event.Event) { e.Subject = "order 1" },
		"data with a noncharacter":           func(e *event.Event) { e.Data = json.RawMessage("\"\uffff\"") },
		"data with a noncharacter, escaped":  func(e *event.Event) { e.Data = json.RawMessage(`"\ufffe"`) },
		"data with a member twice":           func(e *event.Event) { e.Data = json.RawMessage(`{"a":1,"a":2}`) },
		"data that is not UTF-8":             func(e *event.Event) { e.Data = json.RawMessage("\"\xdf\"") },
		"broken data":                        func(e *event.Event) { e.Data = json.RawMessage(`{"a":`) },
		"a time in a year that RFC 3339 cannot write": func(e *event.Event) {
			e.Time = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := full()
			spoil(&e)
			if encoded, err := event.Encode(e); !errors.Is(err, event.ErrInvalid) {
				t.Errorf("written: %s, %v", encoded, err)
			}
		})
	}
}

func TestAnEventIsEncodedUpToItsMaximumSizeWithSourceAndType(t *testing.T) {
	frame := full()
	frame.Data = json.RawMessage(`""`)
	free := event.MaximumSize - len(encode(t, frame)) - len(frame.Source) - len(frame.Type)
	for name, test := range map[string]struct {
		length int
		fits   bool
	}{"as large as it may be": {free, true}, "one byte larger": {free + 1, false}} {
		t.Run(name, func(t *testing.T) {
			e := frame
			e.Data = json.RawMessage(`"` + strings.Repeat("x", test.length) + `"`)
			encoded, err := event.Encode(e)
			if test.fits && (err != nil || string(encoded) != string(encode(t, e))) {
				t.Errorf("%d bytes, %v", len(encoded), err)
			}
			if !test.fits && !errors.Is(err, event.ErrInvalid) {
				t.Errorf("the error is %v, not ErrInvalid", err)
			}
		})
	}
	if _, err := event.Encode(event.Event{}); !errors.Is(err, event.ErrInvalid) {
		t.Errorf("an empty event: the error is %v, not ErrInvalid", err)
	}
}
