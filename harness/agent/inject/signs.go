package inject

import (
	"bytes"
	"encoding/binary"
	"os"

	"golang.org/x/sys/unix"
)

// readSigns reads inotify events until stop is called, and reports those about name.
func readSigns(fd int, name string) (signs <-chan struct{}, stop func()) {
	events := os.NewFile(uintptr(fd), "inotify") //nolint:gosec // a descriptor fits; non-blocking, so that Close ends a Read
	reported := make(chan struct{}, 1)
	go func() {
		var buffer [4096]byte
		for {
			n, err := events.Read(buffer[:])
			if err != nil {
				return
			}
			if isAbout(buffer[:n], name) {
				select {
				case reported <- struct{}{}:
				default: // one is waiting already
				}
			}
		}
	}()
	return reported, func() { _ = events.Close() }
}

// isAbout reports whether one of the events is about name. An event is four words of 4 bytes, the last the length of the padded name
// that follows (inotify(7)).
func isAbout(events []byte, name string) bool {
	for len(events) >= unix.SizeofInotifyEvent {
		length := int(binary.NativeEndian.Uint32(events[12:16]))
		events = events[unix.SizeofInotifyEvent:]
		if length > len(events) {
			return false
		}
		if string(bytes.TrimRight(events[:length], "\x00")) == name {
			return true
		}
		events = events[length:]
	}
	return false
}
