package client

import (
	"math"
	"strings"
	"testing"
)

func TestHugeBreachCountIsStillParsed(t *testing.T) {
	t.Parallel()
	suffix := strings.Repeat("A", 35)
	got, err := parseRange([]byte(suffix + ":99999999999999999999\r\n"))
	if err != nil || got[suffix] != math.MaxInt {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := parseRange([]byte(suffix + ":-99999999999999999999\r\n")); err == nil {
		t.Errorf("below zero: %v", got)
	}
}
