// Package agent runs inside the container. It identifies processes, injects faults, observes what follows and undoes them, by one
// clock. It needs root, and no shell, port or capability beyond Docker's defaults.
package agent
