// Package await lets a test wait for a condition, and fails the test when the condition does not become true.
package await

import (
	"testing"
	"time"
)

// limit is far beyond what a busy machine takes: a test that gets there has found a fault.
const limit = time.Minute

const between = 5 * time.Millisecond

// Until polls ok and returns once it is true. After a minute it ends the test with a message that names what.
func Until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	if !within(limit, ok) {
		t.Fatalf("after %s there is still no sign of: %s", limit, what)
	}
}

func within(limit time.Duration, ok func() bool) bool {
	again := time.NewTicker(between)
	defer again.Stop()
	for deadline := time.Now().Add(limit); !ok(); <-again.C {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}
