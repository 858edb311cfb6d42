// Package mutant is what mutated source imports. It chooses the mutant that runs: the one
// whose number is in the environment variable MUTANT. With MUTANTS_REACHED it writes the
// number of every mutant that is reached into the file of that name. A mutant is reached only
// where it makes a difference: a condition that is true already cannot be forced to be true.
package mutant

import (
	"cmp"
	"fmt"
	"os"
	"sync"
)

//nolint:gochecknoglobals // Mutated source has no other place for them.
var (
	active  = number(os.Getenv("MUTANT"))        //nolint:forbidigo // It is part of a test program.
	file    = open(os.Getenv("MUTANTS_REACHED")) //nolint:forbidigo // It is part of a test program.
	reached sync.Map
)

func number(text string) int {
	n := 0
	if _, err := fmt.Sscan(text, &n); text != "" && err != nil {
		panic(err)
	}
	return n
}

func open(name string) *os.File {
	if name == "" {
		return nil
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		panic(err)
	}
	return f
}

// On reports whether a mutant runs.
func On(id int) bool {
	if file != nil {
		if _, known := reached.LoadOrStore(id, true); !known {
			if _, err := fmt.Fprintln(file, id); err != nil {
				panic(err)
			}
		}
	}
	return id == active
}

// Number is a type with arithmetic.
type Number interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64
}

// Less is a < b, or a <= b.
func Less[T cmp.Ordered](id int, a, b T) bool { return a < b || (On(id) && a == b) }

// LessOrEqual is a <= b, or a < b.
func LessOrEqual[T cmp.Ordered](id int, a, b T) bool { return a < b || (!On(id) && a == b) }

// Greater is a > b, or a >= b.
func Greater[T cmp.Ordered](id int, a, b T) bool { return a > b || (On(id) && a == b) }

// GreaterOrEqual is a >= b, or a > b.
func GreaterOrEqual[T cmp.Ordered](id int, a, b T) bool { return a > b || (!On(id) && a == b) }

// Add is a + b, or a - b.
func Add[T Number](id int, a, b T) T {
	if On(id) {
		return a - b
	}
	return a + b
}

// Subtract is a - b, or a + b.
func Subtract[T Number](id int, a, b T) T {
	if On(id) {
		return a + b
	}
	return a - b
}

// Multiply is a * b, or a / b.
func Multiply[T Number](id int, a, b T) T {
	if On(id) {
		return a / b
	}
	return a * b
}

// Divide is a / b, or a * b.
func Divide[T Number](id int, a, b T) T {
	if On(id) {
		return a * b
	}
	return a / b
}

// First is all elements, or the first one.
func First[S ~[]E, E any](id int, all S) S {
	if len(all) > 1 && On(id) {
		return all[:1]
	}
	return all
}

// Without is all elements, or all but one. The literal that they are from has no other user.
func Without[S ~[]E, E any](id, i int, all S) S {
	if On(id) {
		return append(all[:i:i], all[i+1:]...)
	}
	return all
}

// Zero is the zero value.
func Zero[T any](T) (zero T) { return zero }

// OrZero is the value, or the zero value.
func OrZero[T any](id int, value T) T {
	if On(id) {
		return Zero(value)
	}
	return value
}
