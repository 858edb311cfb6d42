package cloud_test

import "testing"

func TestADisabledMappingDoesNotReadItsQueue(t *testing.T) {
	s := start(t, func(r resources) { r.properties("Mapping")["Enabled"] = false })
	s.publish(t, "queued", `{"id": "1"}`)
	usage := s.Usage(t.Context())
	if got := usage.Queues["Shop/Queue"]; got.Visible != 1 || got.Receives+got.EmptyReceives != 0 {
		t.Errorf("the queue has %+v", got)
	}
	if got := usage.Functions["Shop/Worker"].Batches; got != 0 {
		t.Errorf("the function gets %d batches", got)
	}
}
