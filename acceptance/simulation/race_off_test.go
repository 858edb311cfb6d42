//go:build !race

package simulation

// detectsRaces: the race detector takes ten times as long.
const detectsRaces = false
