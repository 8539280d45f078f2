// Command vaultsphere is the command-line client. It uses the same client package as the page: everything is sealed in this
// process before it is sent to the server.
package main

import (
	"os"

	"github.com/vaultsphere/vaultsphere/app/chain"
)

func main() { os.Exit(run(chain.CurrentCost)) }

// run runs the program with a cost for new passwords.
func run(cost byte) int {
	signals, stop := listen()
	defer stop()
	p := &program{in: os.Stdin, out: os.Stdout, err: os.Stderr, getenv: os.Getenv, cost: cost}
	return p.runUntil(signals, os.Args[1:])
}
