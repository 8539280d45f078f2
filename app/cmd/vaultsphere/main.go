// Command vaultsphere keeps and reads passwords from the command line. It does on a terminal what the page does in a
// browser, through the same client: whatever reaches the server is sealed before it leaves this process.
package main

import "os"

func main() { os.Exit(run()) }

func run() int {
	signals, stop := listen()
	defer stop()
	p := &program{in: os.Stdin, out: os.Stdout, err: os.Stderr, getenv: os.Getenv}
	return p.runUntil(signals, os.Args[1:])
}
