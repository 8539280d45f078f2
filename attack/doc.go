// Package attack attacks the real clients, the command line and the page in a browser, with a hostile server and with thieves. Each
// attack has a name, and a test says what the person at the client sees. See README.md.
package attack
