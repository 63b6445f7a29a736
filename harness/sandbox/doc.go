// Package sandbox owns Docker: it finds the one daemon, starts targets on it, copies and executes in
// them, collects what is left of them as evidence, and sees to it that nothing stays behind.
//
// Containers are run by testcontainers-go; everything else goes through moby's client. Both talk to
// the same daemon, and [Connect] proves it. Ryuk, the reaper of testcontainers, is switched off: its
// image has to be pulled from a registry that may be out of reach, and it knows only what
// testcontainers made. [Daemon.StartReaper] does its work with a binary that we have anyway.
package sandbox
