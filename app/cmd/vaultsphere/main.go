// Command vaultsphere is the command-line client. It uses the same client package as the page: everything is sealed in this
// process before it is sent to the server.
package main

import "os"

func main() { os.Exit(run()) }

func run() int {
	signals, stop := listen()
	defer stop()
	p := &program{in: os.Stdin, out: os.Stdout, err: os.Stderr, getenv: os.Getenv}
	return p.runUntil(signals, os.Args[1:])
}
