// Package agent is the harness's hand inside the container: it identifies, injects, observes and undoes,
// and stamps everything with one clock. It needs root inside the container and nothing else: no shell,
// no port, no capability beyond Docker's defaults.
package agent
