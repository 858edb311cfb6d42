package redrive

import (
	"fmt"
	"slices"

	"example.com/saga/operator/stack"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
)

// HandledBy returns a Redriver.Check by the contexts' own checks: what belongs to a context
// handles valid events of the types that the context consumes, in a language that is as
// new as the operator. What belongs to no context is not checked.
func HandledBy(language participant.Language) func(path string, payload []byte) error {
	return func(path string, payload []byte) error {
		name := stack.ContextOf(path)
		if !slices.Contains(contract.Catalogue().Contexts(), name) {
			return nil
		}
		e, err := event.Parse(payload)
		if err == nil {
			_, err = language.Decode(e)
		}
		if err == nil && !slices.Contains(event.Types(contract.Catalogue().ConsumedBy(name)...), e.Type) {
			err = fmt.Errorf("%w: the %s context does not consume %s", event.ErrInvalid, name, e.Type)
		}
		return err
	}
}
