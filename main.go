// hero_chaos validates a container image: it breaks what runs in it in every way that matters, watches what
// happens, and says whether the image may be promoted.
package main

import (
	"os"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/cli"
)

func main() { os.Exit(cli.Run(os.Args[1:], os.Stdout, os.Stderr)) }
