package item_test

import (
	"testing"

	"golang.org/x/net/publicsuffix"

	"github.com/vaultsphere/vaultsphere/app/item"
)

func TestBelongsTo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rule      item.MatchRule
		url, page string
		want      bool
	}{
		{item.MatchDomain, "https://example.co.uk/login", "http://shop.example.co.uk/", true},
		{item.MatchDomain, "example.co.uk", "https://other.co.uk/", false},
		{item.MatchDomain, "EXAMPLE.org", "https://www.example.org:8443/x?y", true},
		{item.MatchDomain, "https://alice.github.io", "https://bob.github.io", false}, // a public suffix
		{item.MatchDomain, "http://localhost:3000", "http://localhost:5001/", true},
		{item.MatchDomain, "http://192.168.0.1", "http://192.168.1.1", false},
		{item.MatchDomain, "http://[::1]:80", "http://[::1]/", true},
		{item.MatchDomain, "androidapp://com.example", "https://example.com", false},
		{item.MatchDomain, "not a URL", "https://example.com", false},
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
		// Different spellings of a host.
		{item.MatchDomain, "https://bücher.example", "https://www.xn--bcher-kva.example/", true},
		{item.MatchDomain, "https://xn--bcher-kva.example", "https://BÜCHER.example./", true},
		{item.MatchHost, "http://bu\u0308cher.example", "https://xn--bcher-kva.example/", true},
		{item.MatchHost, "https://faß.example", "https://fass.example/", false},
		{item.MatchHost, "https://日本。example", "https://xn--wgv71a.example/", true},
		{item.MatchHost, "https://my_host.example", "https://MY_HOST.example/", true},
		{item.MatchDomain, "https://example.org.", "https://example.org/", true},
		{item.MatchHost, "https://example.org", "https://example.org./", true},
		{item.MatchHost, "https://example.org:443", "https://example.org/", true},
		{item.MatchHost, "https://example.org", "https://example.org:443/", true},
		{item.MatchHost, "http://example.org:80/", "http://example.org/", true},
		{item.MatchHost, "http://example.org:80/", "https://example.org/", false},
		{item.MatchHost, "http://example.org:443/", "https://example.org/", true},
		{item.MatchHost, "example.org:8443", "https://example.org:8443/", true},
		{item.MatchHost, "http://[0:0:0:0:0:0:0:1]:5001", "http://[::1]:5001/", true},
		{item.MatchDomain, "http://[2001:DB8::0:1]/", "http://[2001:db8:0:0::1]/", true},
		{item.MatchDomain, "http://[2001:db8::1]/", "http://[2001:db8::2]/", false},
		{item.MatchDomain, "https://user:secret@example.org/", "https://example.org/", true},
		{item.MatchExact, "https://EXAMPLE.org:443", "https://example.org/", true},
		{item.MatchExact, "https://example.org/?a=1#b", "https://example.org:443/?a=1#b", true},
		{item.MatchExact, "https://example.org/?a=1", "https://example.org/?a=2", false},
		{item.MatchStarts, "https://bücher.example/a", "https://xn--bcher-kva.example/a/b", true},
		{item.MatchStarts, "https://example.org:443/a", "https://example.org/a/b", true},
		{item.MatchStarts, "https://example.org/A", "https://example.org/a/b", false},
		// Spellings that browsers accept.
		{item.MatchHost, "https://example.org:0443", "https://example.org/", true},
		{item.MatchHost, "https://example.org:08443", "https://example.org:8443/", true},
		{item.MatchHost, "https://example.org:99999", "https://example.org:99999/", false},
		{item.MatchHost, "https://example.org:", "https://example.org/", true},
		{item.MatchHost, "https:\\\\example.org\\x", "https://example.org/", true},
		{item.MatchStarts, "https://example.org\\x", "https://example.org/x/y?a\\b", true},
		{item.MatchHost, "https:/example.org", "https://example.org/", true},
		{item.MatchHost, "HTTPS:example.org", "https://example.org/", true},
		{item.MatchHost, "//example.org", "https://example.org/", true},
		{item.MatchHost, "https://example.org/100%", "https://example.org/", true},
		{item.MatchHost, "https://example.org/?q=100%&%zz#%", "https://example.org/", true},
		{item.MatchHost, "example.org/?from=https://x.example", "https://example.org/", true},
		{item.MatchHost, "example.org?from=a@b", "https://example.org/", true},
		{item.MatchHost, "example.org/@user", "https://example.org/", true},
		{item.MatchDomain, "http://127.1/", "http://127.0.0.1/", true},
		{item.MatchDomain, "http://0x7f.0.0.1/", "http://127.0.0.1/", true},
		{item.MatchDomain, "http://0300.0250.1/", "http://192.168.0.1/", true},
		{item.MatchDomain, "http://2130706433/", "http://127.0.0.1/", true},
		{item.MatchDomain, "http://192.168.0.1./", "http://192.168.0.1/", true},
		{item.MatchDomain, "http://192.168.0.256/", "http://192.168.0.1/", false},
		{item.MatchDomain, "http://1.2.3.4.5/", "http://1.2.3.4/", false},
		{item.MatchDomain, "::1", "http://[::1]/", true},
		{item.MatchDomain, "[2001:db8::1]:8080", "http://[2001:DB8:0::1]/", true},
		{item.MatchHost, "http://[::ffff:127.0.0.1]/", "http://[0:0:0:0:0:FFFF:7F00:0001]/", true},
		{item.MatchHost, "http://[fe80::1%eth0]/", "http://[FE80::1%25eth0]/", true},
		{item.MatchHost, "https://☃.example", "https://xn--n3h.example/", true},
		{item.MatchHost, "https://exam\u00adple.org", "https://example.org/", true},
		// Apps and email addresses are not web pages, even if they look like hosts.
		{item.MatchDomain, "androidapp://com.example.app", "https://example.app/", false},
		{item.MatchDomain, "androidapp://example.org", "https://example.org/", false},
		{item.MatchHost, "androidapp://example.org", "https://example.org/", false},
		{item.MatchDomain, "ANDROIDAPP://example.org", "https://example.org/", false},
		{item.MatchDomain, "android://hash@example.org/", "https://example.org/", false},
		{item.MatchDomain, "iosapp://example.org", "https://example.org/", false},
		{item.MatchDomain, "android:hash@example.org", "https://example.org/", false},
		{item.MatchDomain, "androidapp:example.org", "https://example.org/", false},
		{item.MatchDomain, "mailto:ada@example.org", "https://example.org/", false},
		{item.MatchDomain, "ada@example.org", "https://example.org/", false},
		{item.MatchStarts, "ada@example.org", "https://example.org/", false},
		{item.MatchDomain, "https://example.org", "androidapp://example.org", false},
		{item.MatchDomain, "androidapp://com.example.app", "androidapp://com.example.app", true},
		{item.MatchDomain, "androidapp://com.example.app", "androidapp://com.example.other", false},
		{item.MatchDomain, "androidapp://com.example.app", "iosapp://com.example.app", false},
		{item.MatchDomain, "android://a@com.example.app", "android://b@com.example.app", false},
		{item.MatchDomain, "chrome-extension://example.org", "https://example.org", false},
		{item.MatchNever, "https://example.org/", "https://example.org/", false},
	} {
		it := item.Item{URLs: []string{c.url}, Match: map[string]item.MatchRule{c.url: c.rule}}
		if got := it.BelongsTo(c.page, publicsuffix.EffectiveTLDPlusOne); got != c.want {
			t.Errorf("rule %q, URL %q, page %q: got %t", c.rule, c.url, c.page, got)
		}
	}
}

func TestBrokenPatternIsNamed(t *testing.T) {
	t.Parallel()
	it := item.Item{URLs: []string{"a(", "^b$", "("}, Match: map[string]item.MatchRule{"^b$": item.MatchRegexp, "(": item.MatchRegexp}}
	if err := it.CheckPatterns(); err == nil || err.Error() != "urls[2]: is not a regular expression (RE2)" {
		t.Errorf("got %v", err)
	}
	delete(it.Match, "(")
	if err := it.CheckPatterns(); err != nil {
		t.Error(err)
	}
}
