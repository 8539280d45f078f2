package item_test

import (
	"testing"

	"golang.org/x/net/publicsuffix"

	"github.com/vaultsphere/vaultsphere/app/item"
)

func TestBelongsTo(t *testing.T) {
	for _, c := range []struct {
		rule          item.MatchRule
		address, page string
		want          bool
	}{
		{item.MatchDomain, "https://example.co.uk/login", "http://shop.example.co.uk/", true},
		{item.MatchDomain, "example.co.uk", "https://other.co.uk/", false},
		{item.MatchDomain, "EXAMPLE.org", "https://www.example.org:8443/x?y", true},
		{item.MatchDomain, "https://alice.github.io", "https://bob.github.io", false}, // a public suffix
		{item.MatchDomain, "http://localhost:3000", "http://localhost:5001/", true},
		{item.MatchDomain, "http://192.168.0.1", "http://192.168.1.1", false},
		{item.MatchDomain, "http://[::1]:80", "http://[::1]/", true},
		{item.MatchDomain, "androidapp://com.example", "https://example.com", false},
		{item.MatchDomain, "not an address", "https://example.com", false},
		{item.MatchDomain, "", "", false},
		{item.MatchHost, "https://a.example.org", "https://a.example.org:8443/", true},
		{item.MatchHost, "https://a.example.org:1", "https://a.example.org:8443/", false},
		{item.MatchHost, "https://example.org", "https://a.example.org/", false},
		{item.MatchStarts, "https://example.org/a", "https://example.org/a/b", true},
		{item.MatchStarts, "https://example.org/a", "https://example.org/", false},
		{item.MatchExact, "https://example.org/", "https://example.org/", true},
		{item.MatchExact, "https://example.org/", "https://example.org/a", false},
		{item.MatchRegexp, `^https://(www\.)?EXAMPLE\.org/`, "https://www.example.org/x", true},
		{item.MatchRegexp, `^https://example\.org$`, "https://www.example.org/x", false},
		{item.MatchNever, "https://example.org/", "https://example.org/", false},
	} {
		it := item.Item{URLs: []string{c.address}, Match: map[string]item.MatchRule{c.address: c.rule}}
		if got := it.BelongsTo(c.page, publicsuffix.EffectiveTLDPlusOne); got != c.want {
			t.Errorf("rule %q, address %q, page %q: got %t", c.rule, c.address, c.page, got)
		}
	}
}
