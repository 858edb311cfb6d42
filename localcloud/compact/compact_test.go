package compact_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"example.com/saga/localcloud/compact"
)

func TestATextIsReadAsItWasKept(t *testing.T) {
	var texts compact.Texts
	random := rand.New(rand.NewPCG(1, 2))
	wanted, kept := make([]string, 400), make([]compact.Text, 400)
	for i := range wanted {
		wanted[i] = strings.Repeat(fmt.Sprintf("%d\xff", random.Uint64()), random.IntN(20))
	}
	wanted[7] = strings.Repeat("larger than a block ", 10_000)
	for i, text := range wanted {
		kept[i] = texts.Keep(text)
	}
	for _, i := range random.Perm(len(wanted)) {
		if got := texts.Read(kept[i]); got != wanted[i] {
			t.Fatalf("text %d is read as %.60q, not as %.60q", i, got, wanted[i])
		}
	}
}

func TestATextNeedsAFractionOfItsSize(t *testing.T) {
	const number = 20_000
	var texts compact.Texts
	kept := make([]compact.Text, number)
	before, size := heap(), 0
	for i := range kept {
		text := fmt.Sprintf(`{"time":"2026-11-27T10:00:%02d.%03dZ","level":"INFO","msg":"handled","event":"order.placed","order":"%08d"}`, i%60, i%1000, i*7919)
		size += len(text)
		kept[i] = texts.Keep(text)
	}
	if used := heap() - before; used > size/3 {
		t.Errorf("%d bytes of text need %d bytes", size, used)
	}
	runtime.KeepAlive(kept)
}

func TestABlockIsFreedWithItsLastText(t *testing.T) {
	var texts compact.Texts
	before := heap()
	for i := range 100_000 {
		texts.Keep(fmt.Sprintf("%064d", rand.Uint64()+uint64(i)))
	}
	if used := heap() - before; used > 4<<20 {
		t.Errorf("%d bytes are still in use", used)
	}
	runtime.KeepAlive(&texts)
}

func heap() int {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return int(stats.HeapAlloc)
}
