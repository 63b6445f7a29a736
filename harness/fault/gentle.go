package fault

import "slices"

// Gentle tells whether a fault may be done to what somebody else runs: the service is asked to end, and can put its affairs
// in order before. A signal that it cannot answer, a stop, and a command are none of these: what they leave behind is not
// known, be it half a file.
func (f Fault) Gentle() bool {
	return f.Undo == "" && slices.Contains([]string{"SIGTERM", "SIGINT", "SIGHUP"}, f.Signal)
}
