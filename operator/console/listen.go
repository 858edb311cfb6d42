package console

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
)

// Port is the usual port of the console. The local cloud has those from 4600 on.
const Port = 4500

// tries is how many ports Listen tries.
const tries = 50

// Listen listens on a port of the loopback interface or, if other programs have it, on
// the next one that is free. Port 0 is any free one.
func Listen(ctx context.Context, port int) (net.Listener, error) {
	var config net.ListenConfig
	for next := port; ; next++ {
		listener, err := config.Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", next))
		if err == nil || !errors.Is(err, syscall.EADDRINUSE) || next-port >= tries-1 {
			return listener, err
		}
	}
}
