package pattern

import (
	"net/netip"
	"strconv"
	"strings"
)

// cidr accepts the addresses of a network. A network of a single address is
// refused, as by EventBridge's engine: the address itself is the pattern then.
// https://github.com/aws/event-ruler/blob/main/src/main/software/amazon/event/ruler/CIDR.java
func cidr(text string) (matcher, error) {
	base, mask, _ := strings.Cut(text, "/")
	if strings.Count(text, "/") != 1 {
		return nil, refuse("Malformed CIDR, one '/' required")
	}
	bits, err := strconv.Atoi(mask)
	if err != nil {
		return nil, refuse("Malformed CIDR, mask bits must be an integer")
	}
	if bits < 0 {
		return nil, refuse("Malformed CIDR, mask bits must not be negative")
	}
	address, err := netip.ParseAddr(base)
	switch {
	case err != nil || address.Zone() != "":
		return nil, refuse("Nonstandard IP address: %s", base)
	case address.Is4() && bits >= address.BitLen():
		return nil, refuse("IPv4 mask bits must be < 32")
	case bits >= address.BitLen():
		return nil, refuse("IPv6 mask bits must be < 128")
	}
	network := netip.PrefixFrom(address, bits)
	return ofText(func(text string) bool {
		address, err := netip.ParseAddr(text)
		return err == nil && network.Contains(address)
	}), nil
}

// literalText accepts the same text or, for an IP address, the same address in
// any spelling, as EventBridge's engine does.
func literalText(wanted string) matcher {
	address, notAddress := netip.ParseAddr(wanted)
	return ofText(func(text string) bool {
		if notAddress != nil {
			return text == wanted
		}
		given, err := netip.ParseAddr(text)
		return err == nil && given == address
	})
}
