package acceptance

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"example.com/saga/acceptance/await"
)

// terminal is a terminal of the system.
type terminal struct {
	// end is what a program writes to.
	end *os.File

	mu    sync.Mutex
	shown strings.Builder
}

func newTerminal(t *testing.T) *terminal {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { screen.Close() })
	if err := unix.IoctlSetPointerInt(int(screen.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(screen.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	end, err := os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { end.Close() })
	made := &terminal{end: end}
	go func() {
		for part := make([]byte, 1<<12); ; {
			n, err := screen.Read(part)
			made.mu.Lock()
			made.shown.Write(part[:n])
			made.mu.Unlock()
			if err != nil {
				return // The program has ended.
			}
		}
	}()
	return made
}

func (m *terminal) text() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.shown.String()
}

func TestMakeRunColoursEventsByWhatTheyMeanForAnOrder(t *testing.T) {
	t.Setenv("NO_COLOR", "")
	screen := newTerminal(t)
	c := makeRun(t, screen.end)
	for _, body := range []string{
		basket, strings.Replace(basket, `"card"`, `"card-declined"`, 1), strings.Replace(basket, "23 Fake Street", "undeliverable", 1),
	} {
		if _, err := c.place(t.Context(), body); err != nil {
			t.Fatal(err)
		}
	}
	c.settled(t)
	const red, green, yellow, magenta = "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[35m"
	for color, types := range map[string][]string{
		green: append([]string{"warehouse.stock-received"}, forward...), red: {"payment.declined", "warehouse.shipment-failed"},
		yellow: {"loyalty.points-revoked", "payment.refunded", "warehouse.stock-released"}, magenta: {"order.cancelled"},
	} {
		for _, eventType := range types {
			await.Until(t, "the event is shown in its colour", func() error {
				if shown := screen.text(); !strings.Contains(shown, color+eventType+" ") {
					return fmt.Errorf("%s is not shown in %q: %q", eventType, color, shown)
				}
				return nil
			})
		}
	}
}
