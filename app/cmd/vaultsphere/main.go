// Command vaultsphere keeps and reads passwords from the command line. It does on a terminal what the page does in a
// browser, through the same client: whatever reaches the server is sealed before it leaves this process.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	p := &program{in: os.Stdin, out: os.Stdout, err: os.Stderr, getenv: os.Getenv}
	return p.run(ctx, os.Args[1:])
}
