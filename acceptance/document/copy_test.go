package document

import (
	"path/filepath"
	"testing"
)

// The local cloud does not import packages of the saga: it has copies of those that both
// need.
func TestTheCopiesInTheLocalCloudEqualTheirOriginals(t *testing.T) {
	for _, name := range []string{"printable/printable.go", "printable/printable_test.go"} {
		original, copied := read(t, filepath.Join("pkg", name)), read(t, filepath.Join("localcloud", name))
		if original != copied {
			t.Errorf("localcloud/%s differs from pkg/%s: copy the one that was changed", name, name)
		}
	}
}
