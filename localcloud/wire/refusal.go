package wire

import (
	"encoding/xml"
	"net/http"
	"slices"
)

// refuse writes an error in the protocol of the request, which may be for a service
// that is not here. Its name is that in the signature.
//
// The SDKs' models have the protocol of each service
// (https://github.com/boto/botocore/tree/develop/botocore/data). A request of REST
// with JSON has nothing that the others do not have, so it is any other one.
func refuse(w http.ResponseWriter, r *http.Request, service string, failure *Error) {
	switch {
	case isQuery(r), slices.Contains([]string{"s3", "cloudfront", "route53"}, service):
		refuseXML(w, service, failure)
	case r.Header.Get("Smithy-Protocol") == cborProtocol:
		w.Header().Set("Smithy-Protocol", cborProtocol)
		send(w, "application/cbor", failure.status(), cborMap("__type", failure.Code, "message", failure.Message))
	case r.Header.Get("X-Amz-Target") == "":
		writeREST(w, failure)
	default:
		write(w, "application/x-amz-json-1.0", nil, failure)
	}
}

// refuseXML writes an error as XML.
//
//   - https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html#operation-error-serialization
//   - https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
func refuseXML(w http.ResponseWriter, service string, failure *Error) {
	before, after := "<ErrorResponse>", "</ErrorResponse>"
	switch service {
	case "s3":
		before, after = "", ""
	case "ec2":
		before, after = "<Response><Errors>", "</Errors></Response>"
	}
	fault := "Sender"
	if failure.status() >= http.StatusInternalServerError {
		fault = "Receiver"
	}
	body, err := xml.Marshal(struct {
		XMLName             xml.Name `xml:"Error"`
		Type, Code, Message string
	}{Type: fault, Code: failure.Code, Message: failure.Message})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	send(w, Query, failure.status(), slices.Concat([]byte(before), body, []byte(after)))
}

const cborProtocol = "rpc-v2-cbor"

// cborMap returns a map of texts, given as names and values, in CBOR (RFC 8949): a
// type in the upper three bits of a byte, and a length, here in two bytes more.
// https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
func cborMap(texts ...string) []byte {
	const texted, mapped, inTwoBytes = 3 << 5, 5 << 5, 25
	encoded := []byte{mapped | byte(len(texts)/2)}
	for _, text := range texts {
		encoded = append(encoded, texted|inTwoBytes, byte(len(text)>>8), byte(len(text)))
		encoded = append(encoded, text...)
	}
	return encoded
}
