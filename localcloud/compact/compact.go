// Package compact keeps many texts that are rarely read, such as log lines, in little
// memory: in compressed blocks.
package compact

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"slices"
)

// blockSize is from how many bytes on a block is compressed. Deflate finds what is alike
// within 32 KiB (RFC 1951).
const blockSize = 64 << 10

// Texts keeps texts. The zero value is ready to use, by one goroutine at a time.
type Texts struct {
	filling *block
	writer  *flate.Writer
	// read is the block that was read last, and content what is in it.
	read    *block
	content []byte
}

// Text is where a text is. Its block is freed with the last Text in it.
type Text struct {
	block     *block
	from, end int32
}

// Size returns how many bytes the text has.
func (t Text) Size() int { return int(t.end - t.from) }

type block struct {
	content []byte
	// size is that of the content before it was compressed, or 0 if it is not.
	size int
}

// Keep keeps a text.
func (t *Texts) Keep(text string) Text {
	if t.filling == nil {
		t.filling = new(block)
	}
	in := t.filling
	from := len(in.content)
	in.content = append(in.content, text...)
	if len(in.content) >= blockSize {
		t.compress(in)
		t.filling = nil
	}
	return Text{in, int32(from), int32(from + len(text))}
}

// Read returns a text that was kept here.
func (t *Texts) Read(text Text) string {
	content := text.block.content
	if text.block.size > 0 {
		if t.read != text.block {
			t.decompress(text.block)
		}
		content = t.content
	}
	return string(content[text.from:text.end])
}

func (t *Texts) compress(b *block) {
	var out bytes.Buffer
	if t.writer == nil {
		var err error
		t.writer, err = flate.NewWriter(nil, flate.BestSpeed)
		must(err)
	}
	t.writer.Reset(&out)
	_, err := t.writer.Write(b.content)
	must(errors.Join(err, t.writer.Close()))
	b.content, b.size = bytes.Clone(out.Bytes()), len(b.content)
}

func (t *Texts) decompress(b *block) {
	t.read, t.content = b, slices.Grow(t.content[:0], b.size)[:b.size]
	_, err := io.ReadFull(flate.NewReader(bytes.NewReader(b.content)), t.content)
	must(err)
}

// must panics for an error that cannot happen in memory.
func must(err error) {
	if err != nil {
		panic(fmt.Errorf("compress texts: %w", err))
	}
}
