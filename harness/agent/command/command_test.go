package command

import (
	"bytes"
	"testing"
)

// TestOutputIsBounded: a program may write without end, and its last words are kept.
func TestOutputIsBounded(t *testing.T) {
	var kept tail
	block := bytes.Repeat([]byte("x"), 10_000)
	for range 1000 {
		if n, err := kept.Write(block); n != len(block) || err != nil {
			t.Fatal(n, err)
		}
		if cap(kept.kept) > 4*outputLimit {
			t.Fatalf("%d bytes are held", cap(kept.kept))
		}
	}
	_, _ = kept.Write([]byte("the end"))
	if end := kept.end(); len(end) != outputLimit || !bytes.HasSuffix(end, []byte("xthe end")) {
		t.Errorf("%d bytes are kept, and end with %q", len(end), end[len(end)-10:])
	}
}
