package assembly

import (
	"fmt"
	"strings"

	"example.com/saga/localcloud/unsupported"
)

// refusals are what is wrong with one resource.
type refusals []error

func (r *refusals) add(errs ...error) { *r = append(*r, errs...) }

// when refuses what AWS refuses, if it is there.
func (r *refusals) when(isWrong bool, format string, args ...any) {
	if isWrong {
		r.add(fmt.Errorf(format, args...))
	}
}

// unsupportedWhen refuses what AWS accepts, if it is there.
func (r *refusals) unsupportedWhen(isThere bool, format string, args ...any) {
	if isThere {
		r.add(unsupported.Errorf(format, args...))
	}
}

// inRegion refuses an ARN of one of the services if it is malformed or in another
// Region than the stack, where the services of AWS do not look.
func (p location) inRegion(property, arn string, services ...string) error {
	parts := strings.SplitN(arn, ":", 6)
	switch {
	case arn == "": // It is absent, or refused already.
		return nil
	case len(parts) < 6 || parts[0] != "arn" || parts[5] == "":
		return fmt.Errorf("property %s must be an ARN, and is %q", property, arn)
	}
	for _, service := range services {
		if parts[2] == service && parts[3] != p.options.Region {
			return fmt.Errorf("property %s must be in the Region of the stack, %s, and is %s", property, p.options.Region, arn)
		}
	}
	return nil
}

// inAccount is inRegion, and refuses another account too.
func (p location) inAccount(property, arn, service string) error {
	err := p.inRegion(property, arn, service)
	parts := strings.SplitN(arn, ":", 6)
	if err == nil && len(parts) == 6 && parts[2] == service && parts[4] != p.options.AccountID {
		return fmt.Errorf("property %s must be in the account of the stack, %s, and is %s", property, p.options.AccountID, arn)
	}
	return err
}
