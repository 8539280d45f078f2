package item

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// MatchRule says which pages an address of an item stands for. The rules and their meaning are those of Bitwarden.
type MatchRule string

const (
	MatchDomain MatchRule = ""       // the same registrable domain: example.co.uk and its subdomains
	MatchHost   MatchRule = "host"   // the same host, and the same port if the address names one
	MatchStarts MatchRule = "starts" // the page's address begins with it
	MatchExact  MatchRule = "exact"  // the page's address is it
	MatchRegexp MatchRule = "regexp" // the page's address matches it (RE2), without regard to case
	MatchNever  MatchRule = "never"
)

// Known reports whether this version can follow the rule.
func (r MatchRule) Known() bool {
	switch r {
	case MatchDomain, MatchHost, MatchStarts, MatchExact, MatchRegexp, MatchNever:
		return true
	}
	return false
}

// normalMatch keeps the rules of addresses that are there, the default left out.
func (it Item) normalMatch() map[string]MatchRule {
	var out map[string]MatchRule
	for address, rule := range it.Match {
		if address = oneLine(address); rule == MatchDomain || !slices.Contains(it.URLs, address) {
			continue
		}
		if out == nil {
			out = map[string]MatchRule{}
		}
		out[address] = rule
	}
	return out
}

// BelongsTo reports whether the item is one for the page at this address, by the rules of its own addresses. registrable
// finds the registrable domain of a host name by the public suffix list, which is too large to be part of the browser's
// core; it is not asked about IP addresses.
func (it Item) BelongsTo(page string, registrable func(host string) (string, error)) bool {
	return slices.ContainsFunc(it.URLs, func(address string) bool { return it.Match[address].covers(address, page, registrable) })
}

func (r MatchRule) covers(address, page string, registrable func(string) (string, error)) bool {
	switch r {
	case MatchExact:
		return page == address
	case MatchStarts:
		return strings.HasPrefix(page, address)
	case MatchRegexp:
		re, err := regexp.Compile("(?i)" + address)
		return err == nil && re.MatchString(page)
	case MatchNever:
		return false
	}
	have, want := host(address), host(page)
	if have == nil || want == nil {
		return false
	}
	if r == MatchHost {
		return have.Hostname() == want.Hostname() && (have.Port() == "" || have.Port() == want.Port())
	}
	domain := func(host string) string {
		if strings.Contains(host, ":") || strings.Trim(host, "0123456789.") == "" {
			return host
		}
		if d, err := registrable(host); err == nil {
			return d
		}
		return host // one without a domain: localhost
	}
	return domain(have.Hostname()) == domain(want.Hostname())
}

// host reads an address that may lack its scheme.
func host(address string) *url.URL {
	address = strings.ToLower(strings.TrimSpace(address))
	if !strings.Contains(address, "://") {
		address = "https://" + address
	}
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return nil
	}
	return u
}
