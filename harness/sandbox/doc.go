// Package sandbox runs targets in Docker. It finds the one daemon, starts containers on it, copies and executes in them, collects
// evidence of them, and makes sure that nothing stays behind. A [Sandbox] is a container with a target in it.
//
// Containers are started by testcontainers-go. Everything else goes through moby's client. Both talk to the same daemon, and
// [Connect] proves it. testcontainers' own reaper, Ryuk, is switched off: its image has to be pulled from a registry that may be
// out of reach, and it knows only what testcontainers made. [Daemon.StartReaper] does its work with the agent's binary.
package sandbox
