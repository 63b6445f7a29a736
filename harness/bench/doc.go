// Package bench measures the harness itself, in one run on the embedded image: how long an injection takes
// beside the usual ways into a container, and how far from the truth the phases are that it states. There are
// tests in it alone; `make bench` runs them.
package bench
