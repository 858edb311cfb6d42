// Package cdkflags reads the options of the CDK's command line that commands of this
// module share with it.
package cdkflags

import (
	"slices"
	"strings"
)

// Profile returns the profile of AWS's configuration that the arguments of the CDK's
// command line select, the last one if there are several, or "".
func Profile(arguments []string) string {
	for i, argument := range slices.Backward(arguments) {
		if value, given := strings.CutPrefix(argument, "--profile="); given {
			return value
		}
		if argument == "--profile" && i+1 < len(arguments) {
			return arguments[i+1]
		}
	}
	return ""
}
