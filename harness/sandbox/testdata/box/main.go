// Command box is the program that the tests of package sandbox run in containers: a small server, the programs that are executed beside
// it, and the reaper.
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/sandbox/reap"
)

func main() { os.Exit(run(append(os.Args[1:], "serve"))) }

func run(args []string) int {
	switch args[0] {
	case "reap":
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		defer stop()
		if err := reap.Run(ctx, args[1], args[2], os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	case "cat": // ends with its input
		fmt.Fprintln(os.Stderr, "cat has begun")
		_, _ = io.Copy(os.Stdout, os.Stdin)
		return 7
	case "show":
		content, err := os.ReadFile(args[1])
		fmt.Print(string(content))
		fmt.Fprint(os.Stderr, os.Getuid())
		if err != nil {
			return 9
		}
	case "serve":
		return serve()
	}
	return 0
}

func serve() int {
	fmt.Println("the token is", os.Getenv("BOX_TOKEN"))
	if os.Getenv("BOX") == "broken" {
		fmt.Println("cannot go on")
		return 3
	}
	term := make(chan os.Signal, 1)
	signal.Notify(term, syscall.SIGTERM)
	hello := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	server := &http.Server{Addr: ":6666", Handler: hello, ReadHeaderTimeout: time.Minute}
	go func() { fmt.Println(server.ListenAndServe()) }()
	<-term
	return 0
}
