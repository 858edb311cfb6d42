package lambda

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"

	"example.com/saga/localcloud/wire"
)

// URLHandler is the function URL of a function, with payload format 2.0 and
// buffered answers. The caller of URLHandler has to decide about permissions;
// cross-origin rules are not supported.
func (s *Service) URLHandler(arn string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maximumPayload))
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			writeJSON(w, http.StatusRequestEntityTooLarge, map[string]string{"Message": "Request Entity Too Large"})
			return
		}
		if err != nil {
			writeJSON(w, http.StatusBadRequest, map[string]string{"Message": err.Error()})
			return
		}
		payload, err := json.Marshal(urlEvent(r, body, urlID(arn), s.config.Clock()))
		if err != nil {
			writeJSON(w, http.StatusInternalServerError, map[string]string{"Message": err.Error()})
			return
		}
		result, err := s.Invoke(WithTrace(r.Context(), r.Header.Get(traceHeader)), arn, payload)
		if err != nil {
			writeInvokeError(w, err)
			return
		}
		answer, err := parseAnswer(result)
		if err != nil {
			if result.FunctionError == "" { // Invoke reports the failure of a function.
				s.config.Logger.WarnContext(r.Context(), "a function URL answers 502", "arn", arn, "request_id", result.RequestID, "reason", err)
			}
			http.Error(w, "Internal Server Error", http.StatusBadGateway)
			return
		}
		answer.write(w)
	})
}

// urlID returns the part of a function URL's host name that stands for the
// function.
func urlID(arn string) string {
	hash := sha256.Sum256([]byte(arn))
	return fmt.Sprintf("%x", hash[:16])
}

func writeInvokeError(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	if known, ok := errors.AsType[*wire.Error](err); ok && known.Status != 0 {
		w.Header().Set("X-Amzn-Errortype", known.Code)
		status = known.Status
	}
	writeJSON(w, status, map[string]string{"Message": err.Error()})
}

type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a *answer) write(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
	// If this fails, the caller has closed the connection.
	_, _ = w.Write(a.body)
}

// parseAnswer parses a function's result. An object with a statusCode describes
// the response; any other JSON is its body.
func parseAnswer(result Result) (*answer, error) {
	if result.FunctionError != "" {
		return nil, fmt.Errorf("the function failed: %s", result.Payload)
	}
	if !json.Valid(result.Payload) {
		return nil, errors.New("the function's answer is not JSON")
	}
	var described map[string]json.RawMessage
	if err := json.Unmarshal(result.Payload, &described); err == nil && described["statusCode"] != nil {
		return parseDescribed(described)
	}
	body := result.Payload
	var text string
	if bytes.HasPrefix(bytes.TrimSpace(body), []byte(`"`)) && json.Unmarshal(body, &text) == nil {
		body = []byte(text)
	}
	return &answer{status: http.StatusOK, header: http.Header{"Content-Type": {"application/json"}}, body: body}, nil
}

func parseDescribed(described map[string]json.RawMessage) (*answer, error) {
	status, err := parseStatus(described["statusCode"])
	if err != nil {
		return nil, err
	}
	var (
		headers map[string]json.RawMessage
		cookies []string
		body    string
		encoded bool
	)
	for name, member := range map[string]any{"headers": &headers, "cookies": &cookies, "body": &body, "isBase64Encoded": &encoded} {
		if described[name] == nil {
			continue
		}
		if err := json.Unmarshal(described[name], member); err != nil {
			return nil, fmt.Errorf("%s is malformed: %w", name, err)
		}
	}
	a := &answer{status: status, header: http.Header{}, body: []byte(body)}
	if encoded {
		if a.body, err = base64.StdEncoding.DecodeString(body); err != nil {
			return nil, fmt.Errorf("body is not base64: %w", err)
		}
	}
	return a, a.setHeader(headers, cookies)
}

// parseStatus parses a status code; AWS accepts a number in a string too.
func parseStatus(raw json.RawMessage) (int, error) {
	text := strings.Trim(string(raw), `"`)
	status, err := strconv.Atoi(text)
	if err != nil || status < 200 || status > 599 {
		return 0, fmt.Errorf("statusCode %s is not a status code", raw)
	}
	return status, nil
}

func (a *answer) setHeader(headers map[string]json.RawMessage, cookies []string) error {
	for name, raw := range headers {
		value := string(raw)
		switch raw[0] {
		case '{', '[', 'n':
			return fmt.Errorf("the header %s is neither a string nor a number nor a boolean", name)
		case '"':
			if err := json.Unmarshal(raw, &value); err != nil {
				return fmt.Errorf("the header %s: %w", name, err)
			}
		}
		a.header.Set(name, value)
	}
	for _, cookie := range cookies {
		a.header.Add("Set-Cookie", cookie)
	}
	if a.header.Get("Content-Type") == "" {
		a.header.Set("Content-Type", "application/json")
	}
	return nil
}
