//go:build !race

package simulation

// detectsRaces reports whether the race detector is on: it takes ten times as long.
const detectsRaces = false
