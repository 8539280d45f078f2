package item

import (
	"cmp"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
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

// MatchRules are those that this version can follow.
var MatchRules = []MatchRule{MatchDomain, MatchHost, MatchStarts, MatchExact, MatchRegexp, MatchNever}

// Known reports whether this version can follow the rule.
func (r MatchRule) Known() bool {
	return slices.Contains(MatchRules, r)
}

// Newer reports whether the rule, or what goes with it, is a newer version's: an Unknown in place of a word. Until this version
// understands it, the address belongs to no page.
func (r MatchRule) Newer() bool { return strings.HasPrefix(string(r), "{") }

// normalMatch keeps the rules of addresses that are there, the default left out, and those of a newer version.
func (it Item) normalMatch() map[string]MatchRule {
	var out map[string]MatchRule
	for address, rule := range it.Match {
		if !rule.Newer() {
			address = oneLine(address)
			if rule == MatchDomain || !slices.Contains(it.URLs, address) && !it.UnknownOverview.Has("urls") {
				continue
			}
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
		return page == address || sameSpelling(address, page, func(a, p site) bool { return p.text("/") == a.text("/") })
	case MatchStarts:
		return strings.HasPrefix(page, address) ||
			sameSpelling(address, page, func(a, p site) bool { return strings.HasPrefix(p.text("/"), a.text("")) })
	case MatchRegexp:
		re, err := regexp.Compile("(?i)" + address)
		return err == nil && re.MatchString(page)
	case MatchDomain, MatchHost:
	default:
		return false
	}
	return sameSpelling(address, page, func(have, want site) bool {
		switch {
		case have.port == "" || want.port == "": // an app: it is itself, and nothing else is
			return have.text("") == want.text("")
		case r == MatchHost:
			return have.host == want.host && (!have.portNamed || have.port == want.port)
		}
		return have.domain(registrable) == want.domain(registrable)
	})
}

// site is an address in one of its spellings.
type site struct {
	scheme, host string
	port         string // that of the scheme, if none is named; empty: not on the web
	portNamed    bool
	path         string // and all that follows
}

// webPorts are the schemes of web pages and what else browsers open, with their ports. An address with another scheme is that
// of an app (androidapp://, iosapp://), whose name may look like a host and says nothing about one.
var webPorts = map[string]string{"http": "80", "https": "443", "ws": "80", "wss": "443", "ftp": "21"}

// hostNames maps and encodes names as browsers do (UTS 46), without refusing the underscores and hyphens that they allow. It is
// no variable: that would link 130 KB into the browser's core, which does not ask which page an item belongs to.
func hostNames() *idna.Profile {
	return idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false), idna.CheckHyphens(false))
}

func sameSpelling(address, page string, equal func(address, page site) bool) bool {
	a, ok := parseSite(address)
	if !ok {
		return false
	}
	p, ok := parseSite(page)
	return ok && equal(a, p)
}

// parseSite reads an address that may lack its scheme.
func parseSite(address string) (site, bool) {
	address, ok := withScheme(strings.TrimSpace(address))
	if !ok {
		return site{}, false
	}
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return site{}, false
	}
	s := site{scheme: strings.ToLower(u.Scheme), portNamed: u.Port() != ""}
	s.path = u.EscapedPath()
	if u.RawQuery != "" {
		s.path += "?" + u.RawQuery
	}
	if u.Fragment != "" {
		s.path += "#" + u.EscapedFragment()
	}
	usual, web := webPorts[s.scheme]
	if !web {
		s.host, s.port = u.User.String()+"@"+u.Host, ""
		return s, true
	}
	port, err := strconv.ParseUint(cmp.Or(u.Port(), usual), 10, 16)
	s.port, s.host = strconv.FormatUint(port, 10), hostName(u.Hostname())
	return s, err == nil && s.host != ""
}

// withScheme brings what people write and browsers take for the address of a web page to what url.Parse reads. An address without
// a scheme that has an @ before its path is one of e-mail, or of an app.
func withScheme(address string) (string, bool) {
	scheme, rest, _ := strings.Cut(address, ":")
	if _, web := webPorts[strings.ToLower(scheme)]; web {
		return scheme + "://" + webPath(rest), true
	}
	if strings.HasPrefix(rest, "//") && !strings.ContainsAny(scheme, "/?#") {
		return address, true
	}
	if ip, err := netip.ParseAddr(address); err == nil && ip.Is6() {
		return "https://[" + address + "]", true
	}
	host, _, _ := strings.Cut(strings.Map(pathToSlash, webPath(address)), "/")
	return "https://" + webPath(address), !strings.Contains(host, "@")
}

func pathToSlash(r rune) rune {
	if r == '?' || r == '#' {
		return '/'
	}
	return r
}

// webPath drops the slashes before a host, writes backslashes before the query as slashes, and escapes a % that escapes nothing.
func webPath(s string) string {
	s = strings.TrimLeft(s, `/\`)
	end := strings.IndexAny(s, "?#")
	if end < 0 {
		end = len(s)
	}
	s = strings.ReplaceAll(s[:end], `\`, "/") + s[end:]
	var b strings.Builder
	for i := range len(s) {
		b.WriteByte(s[i])
		if s[i] != '%' {
			continue
		}
		if _, err := url.PathUnescape(s[i:min(i+3, len(s))]); err != nil {
			b.WriteString("25")
		}
	}
	return b.String()
}

// hostName brings a host to its one spelling: punycode in lower case without the final dot, or the shortest form of an IP address.
func hostName(host string) string {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.String()
	}
	ascii, err := hostNames().ToASCII(host)
	if err != nil {
		ascii = strings.ToLower(host)
	}
	ascii = strings.TrimSuffix(ascii, ".")
	if ip, ok := numericIPv4(ascii); ok {
		return ip.String()
	}
	return ascii
}

// numericIPv4 reads an IPv4 address of one to four numbers, each decimal, octal or hexadecimal, as inet_aton(3) and browsers do.
func numericIPv4(host string) (netip.Addr, bool) {
	parts := strings.Split(host, ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var b [4]byte
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 0, 32)
		left := 1
		if i == len(parts)-1 {
			left = 4 - i // the last number fills what is left
		}
		if err != nil || n>>(8*left) != 0 {
			return netip.Addr{}, false
		}
		for at := i + left - 1; at >= i; at-- {
			b[at] = byte(n)
			n >>= 8
		}
	}
	return netip.AddrFrom4(b), true
}

// text is the address in one spelling, with root as the path if it has none.
func (s site) text(root string) string {
	port, path := "", s.path
	if s.port != webPorts[s.scheme] {
		port = ":" + s.port
	}
	if path == "" {
		path = root
	}
	return s.scheme + "://" + s.host + port + path
}

func (s site) domain(registrable func(string) (string, error)) string {
	if _, err := netip.ParseAddr(s.host); err == nil {
		return s.host
	}
	if d, err := registrable(s.host); err == nil {
		return d
	}
	return s.host // one without a domain: localhost
}
