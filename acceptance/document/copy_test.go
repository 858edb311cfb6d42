package document

import (
	"path/filepath"
	"testing"
)

// The local cloud imports nothing of the saga, and has a copy of what both need.
func TestTheLocalCloudsCopiesAreTheSame(t *testing.T) {
	for _, name := range []string{"printable/printable.go", "printable/printable_test.go"} {
		original, copied := read(t, filepath.Join("pkg", name)), read(t, filepath.Join("localcloud", name))
		if original != copied {
			t.Errorf("localcloud/%s is not what pkg/%s is: copy the one that was changed", name, name)
		}
	}
}
