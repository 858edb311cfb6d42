package wire_test

import (
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestAnOperationOfTheQueryProtocolIsRefusedByNameInItsOwnForm(t *testing.T) {
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader("Action=DescribeStacks&Version=2010-05-15"))
	request.Header.Set("Authorization", signature)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	recorder := httptest.NewRecorder()
	handler().ServeHTTP(recorder, request)
	var failure struct {
		Code    string `xml:"Error>Code"`
		Message string `xml:"Error>Message"`
	}
	if err := xml.Unmarshal(recorder.Body.Bytes(), &failure); err != nil {
		t.Fatal(err)
	}
	if recorder.Code != http.StatusBadRequest || failure.Code != "UnknownOperationException" || !strings.Contains(failure.Message, "DescribeStacks (version 2010-05-15)") {
		t.Errorf("the answer is %d %+v", recorder.Code, failure)
	}
}
