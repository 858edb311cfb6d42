package tracing

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"sync"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// datagramHeader precedes the document in each datagram.
//
// https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html
const datagramHeader = `{"format": "json", "version": 1}` + "\n"

// Daemon exports spans as segment documents to an X-Ray daemon, over UDP. Lambda
// runs one beside each function with active tracing. The daemon uses the function's
// role, which needs xray:PutTraceSegments and xray:PutTelemetryRecords.
//
// A span that cannot be sent is lost, and nothing else is. The first such failure
// is a warning in the log.
type Daemon struct {
	connection net.Conn
	logger     *slog.Logger
	warning    sync.Once
}

var _ sdktrace.SpanExporter = (*Daemon)(nil)

// NewDaemon makes an exporter to the daemon at an address such as
// 169.254.79.129:2000. It does not check that a daemon listens there.
func NewDaemon(ctx context.Context, address string, logger *slog.Logger) (*Daemon, error) {
	var dialer net.Dialer
	connection, err := dialer.DialContext(ctx, "udp", address)
	if err != nil {
		return nil, fmt.Errorf("the X-Ray daemon: %w", err)
	}
	return &Daemon{connection: connection, logger: logger}, nil
}

// ExportSpans implements sdktrace.SpanExporter. It never fails.
func (d *Daemon) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	for _, span := range spans {
		if err := d.send(span); err != nil {
			d.warning.Do(func() {
				d.logger.WarnContext(ctx, "traces are incomplete: spans cannot be sent", slog.String("error", err.Error()))
			})
		}
	}
	return nil
}

// Shutdown implements sdktrace.SpanExporter.
func (d *Daemon) Shutdown(context.Context) error { return d.connection.Close() }

func (d *Daemon) send(span sdktrace.ReadOnlySpan) error {
	document, err := json.Marshal(newSegment(span))
	if err != nil {
		return err
	}
	_, err = d.connection.Write(append([]byte(datagramHeader), document...))
	return err
}
