//go:build integration

package main

import (
	"bytes"
	"testing"
)

// The same as make model.
func TestEveryPropertyHolds(t *testing.T) {
	var out bytes.Buffer
	if err := report(&out, "", ""); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
}
