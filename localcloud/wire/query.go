package wire

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"strings"

	"github.com/google/uuid"
)

// Query is the content type of answers in the query protocol, in which a request is a
// form with the name of its operation, and an answer is XML.
// https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
const Query = "text/xml"

func isQuery(r *http.Request) bool {
	return r.Header.Get("X-Amz-Target") == "" && strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
}

// formBody returns the members of a form as JSON. All are texts; a list has members
// such as Name.member.1, which no input type has.
func formBody(r *http.Request) ([]byte, error) {
	members := map[string]string{}
	for name, values := range r.PostForm {
		if name != "Action" && name != "Version" {
			members[name] = values[0]
		}
	}
	return json.Marshal(members)
}

func writeQuery(w http.ResponseWriter, r *http.Request, operation string, out any, err error) {
	if err != nil {
		refuse(w, r, "", failureOf(err))
		return
	}
	result, err := xml.Marshal(struct {
		XMLName  xml.Name
		Result   any
		Metadata string `xml:"ResponseMetadata>RequestId"`
	}{xml.Name{Local: operation + "Response"}, xmlResult{operation + "Result", out}, uuid.NewString()})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	send(w, Query, http.StatusOK, result)
}

// xmlResult is a value in an element of the given name.
type xmlResult struct {
	name  string
	value any
}

// MarshalXML implements [xml.Marshaler].
func (x xmlResult) MarshalXML(e *xml.Encoder, _ xml.StartElement) error {
	return e.EncodeElement(x.value, xml.StartElement{Name: xml.Name{Local: x.name}})
}
