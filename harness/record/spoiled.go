package record

import "strings"

// The beginnings of the reasons of results that the host has spoiled. They reach the record through Ginkgo, which carries
// nothing but text: what is spoiled is told by them.
const (
	hostStalled = "the host stalled, so that "
	tooCoarse   = "observed too coarsely: "
)

// HostStalled is the reason of a result that the host has spoiled by stalling, in one line: what follows from that
// ("the budget cannot be judged").
func HostStalled(so string) string { return hostStalled + so }

// TooCoarse is the reason of a result that the host has spoiled because the harness itself was too slow on it, in one line:
// what was not seen in time.
func TooCoarse(what string) string { return tooCoarse + what }

// HostSpoiled tells whether a reason is one of these: then the result is Stalled, and measuring again may prove something.
func HostSpoiled(reason string) bool {
	return strings.HasPrefix(reason, hostStalled) || strings.HasPrefix(reason, tooCoarse)
}
