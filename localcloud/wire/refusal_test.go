package wire_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"example.com/saga/localcloud/unsupported"
	"example.com/saga/localcloud/wire"
)

func TestARequestForWhatIsNotServedIsRefusedInItsOwnProtocol(t *testing.T) {
	served := wire.Handler(wire.Service{Target: "Lambda", Routes: []wire.Route{{Pattern: "GET /functions/{name}/code", Operation: func(r *http.Request, body []byte) (wire.Answer, error) {
		return wire.Answer{Status: http.StatusOK, Body: append([]byte(r.PathValue("name")), body...)}, nil
	}}}})
	const see = ": see " + unsupported.Reference
	inREST := func(message string) string {
		return `{"__type":"UnknownOperationException","message":"` + message + see + `"}`
	}
	inXML := func(message string) string {
		return "<Error><Type>Sender</Type><Code>UnknownOperationException</Code><Message>" + message + see + "</Message></Error>"
	}
	inCBOR := "\xa2\x79\x00\x06__type\x79\x00\x19UnknownOperationException\x79\x00\x07message\x79\x00\x9e"
	const alarms = "/service/GraniteServiceVersion20100801/operation/DescribeAlarms"
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	for name, test := range map[string]struct {
		service, method, target, body string
		header                        http.Header
		status                        int
		want                          string
	}{
		"a route":                 {"lambda", "GET", "/functions/a%2Fb/code", "", nil, 200, "a/b"},
		"a route with a slash":    {"lambda", "GET", "/functions/a/code/", "", nil, 200, "a"},
		"a route with a form":     {"lambda", "GET", "/functions/a/code", "b", form, 200, "ab"},
		"another method":          {"lambda", "PUT", "/functions/a/code", "", nil, 400, inREST("the local cloud does not support PUT /functions/a/code of lambda")},
		"another path":            {"scheduler", "GET", "/schedules?MaxResults=1", "", nil, 400, inREST("the local cloud does not support GET /schedules of scheduler")},
		"a path to be redirected": {"lambda", "GET", "/functions//code", "", nil, 400, inREST("the local cloud does not support GET /functions//code of lambda")},
		"the root":                {"xray", "POST", "/", "", nil, 400, inREST("the local cloud does not support POST / of xray")},
		"S3":                      {"s3", "GET", "/bucket/a//b", "", nil, 400, inXML("the local cloud does not support GET /bucket/a//b of s3")},
		"REST with XML":           {"route53", "GET", "/zones", "", nil, 400, "<ErrorResponse>" + inXML("the local cloud does not support GET /zones of route53") + "</ErrorResponse>"},
		"the query protocol":      {"sns", "POST", "/", "Action=Publish", form, 400, "<ErrorResponse>" + inXML("the local cloud does not support Publish of sns") + "</ErrorResponse>"},
		"EC2":                     {"ec2", "POST", "/", "Action=DescribeVpcs", form, 400, "<Response><Errors>" + inXML("the local cloud does not support DescribeVpcs of ec2") + "</Errors></Response>"},
		"CBOR": {
			"monitoring", "POST", alarms, "",
			http.Header{"Smithy-Protocol": {"rpc-v2-cbor"}},
			400,
			inCBOR + "the local cloud does not support POST " + alarms + " of monitoring" + see,
		},
	} {
		t.Run(name, func(t *testing.T) {
			request := httptest.NewRequestWithContext(t.Context(), test.method, test.target, strings.NewReader(test.body))
			if test.header != nil {
				request.Header = test.header.Clone()
			}
			request.Header.Set("Authorization", signedFor(test.service))
			recorder := httptest.NewRecorder()
			served.ServeHTTP(recorder, request)
			if recorder.Code != test.status || recorder.Body.String() != test.want {
				t.Errorf("the answer is %d %q, want %d %q", recorder.Code, recorder.Body, test.status, test.want)
			}
		})
	}
}
