// Package await waits for a condition, and fails the test if the condition does not become true.
package await

import (
	"testing"
	"time"
)

// Limit is far longer than a busy machine needs, so a test that reaches it has found a fault. It is also the limit of tests that cannot
// poll.
const Limit = 5 * time.Minute

const between = 5 * time.Millisecond

// Until polls ok until it returns true. After Limit it fails the test with a message that names what.
func Until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	if !within(Limit, ok) {
		t.Fatalf("gave up after %s: %s", Limit, what)
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
