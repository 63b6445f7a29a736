// Package tail follows a file of lines that other processes append to.
package tail

import (
	"bytes"
	"os"
)

const (
	// mostAtOnce is the number of bytes that are read at once: thousands of lines. The rest follows at the next reading.
	mostAtOnce = 1 << 20
	// headSize is the number of bytes at the beginning of a file by which it is told from the next one of the same name.
	headSize = 256
)

// File is a file of lines that grows. It may not exist yet, and begins again if it becomes shorter or begins otherwise.
type File struct {
	Path string
	at   int64 // all before it has been read
	head []byte
}

// Skip leaves out what the file holds now.
func (f *File) Skip() {
	file, err := os.Open(f.Path)
	if err != nil {
		return
	}
	defer func() { _ = file.Close() }()
	if about, err := file.Stat(); err == nil {
		f.at, f.head = about.Size(), readHead(file)
	}
}

// Next returns the whole lines since the last call. It leaves half a line for the next call.
func (f *File) Next() (lines [][]byte) {
	file, err := os.Open(f.Path)
	if err != nil {
		return nil
	}
	defer func() { _ = file.Close() }()
	about, err := file.Stat()
	if err != nil {
		return nil
	}
	head := readHead(file)
	if about.Size() < f.at || !bytes.HasPrefix(head, f.head) {
		f.at = 0
	}
	f.head = head
	text := make([]byte, min(mostAtOnce, about.Size()-f.at))
	count, _ := file.ReadAt(text, f.at)
	whole := bytes.LastIndexByte(text[:count], '\n') + 1
	if whole == 0 && count == mostAtOnce {
		whole = count // no line of ours is that long
	}
	f.at += int64(whole)
	for line := range bytes.Lines(text[:whole]) {
		lines = append(lines, line)
	}
	return lines
}

func readHead(file *os.File) []byte {
	head := make([]byte, headSize)
	count, _ := file.ReadAt(head, 0)
	return head[:count]
}
