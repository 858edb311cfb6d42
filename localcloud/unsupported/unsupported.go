// Package unsupported makes the errors about what the local cloud does not
// support, so that they are known from other mistakes in a template.
package unsupported

import "fmt"

// Reference is where everything that is supported is listed.
const Reference = "localcloud/README.md#what-it-supports"

// Error names what is not supported.
type Error struct{ message string }

// Errorf formats an Error.
func Errorf(format string, args ...any) *Error { return &Error{fmt.Sprintf(format, args...)} }

// Error returns the message.
func (e *Error) Error() string { return e.message }
