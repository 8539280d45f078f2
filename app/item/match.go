package item

import (
	"cmp"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// MatchRule says which web pages a URL of an item belongs to. The rules are those of Bitwarden.
type MatchRule string

const (
	MatchDomain MatchRule = ""       // the same registrable domain: example.co.uk and its subdomains
	MatchHost   MatchRule = "host"   // the same host, and the same port if the URL has one
	MatchStarts MatchRule = "starts" // the URL of the page begins with it
	MatchExact  MatchRule = "exact"  // the URL of the page equals it
	MatchRegexp MatchRule = "regexp" // the URL of the page matches this regular expression (RE2), ignoring case
	MatchNever  MatchRule = "never"
)

// MatchRules are the rules of this version.
var MatchRules = []MatchRule{MatchDomain, MatchHost, MatchStarts, MatchExact, MatchRegexp, MatchNever}

// Known reports whether this version knows the rule.
func (r MatchRule) Known() bool {
	return slices.Contains(MatchRules, r)
}

// Newer reports whether a newer version wrote the rule: it is then an Unknown object. Its URL matches no page.
func (r MatchRule) Newer() bool { return strings.HasPrefix(string(r), "{") }

// normalMatch returns the rules of existing URLs, without the default rule, and the rules of newer versions.
func (it Item) normalMatch() map[string]MatchRule {
	var out map[string]MatchRule
	for url, rule := range it.Match {
		if !rule.Newer() {
			url = oneLine(url)
			if rule == MatchDomain || !slices.Contains(it.URLs, url) && !it.UnknownOverview.Has("urls") {
				continue
			}
		}
		if out == nil {
			out = map[string]MatchRule{}
		}
		out[url] = rule
	}
	return out
}

// BelongsTo reports whether the item belongs to the page at this URL, by its match rules. registrable returns the registrable domain of
// a host name, by the public suffix list, which is too large for the WebAssembly module. It is not called for IP addresses.
func (it Item) BelongsTo(page string, registrable func(host string) (string, error)) bool {
	return slices.ContainsFunc(it.URLs, func(url string) bool { return it.Match[url].covers(url, page, registrable) })
}

func (r MatchRule) covers(rawURL, page string, registrable func(string) (string, error)) bool {
	switch r {
	case MatchExact:
		return page == rawURL || sameSpelling(rawURL, page, func(a, p site) bool { return p.text("/") == a.text("/") })
	case MatchStarts:
		return strings.HasPrefix(page, rawURL) ||
			sameSpelling(rawURL, page, func(a, p site) bool { return strings.HasPrefix(p.text("/"), a.text("")) })
	case MatchRegexp:
		re, err := pattern(rawURL)
		return err == nil && re.MatchString(page)
	case MatchDomain, MatchHost:
	default:
		return false
	}
	return sameSpelling(rawURL, page, func(have, want site) bool {
		switch {
		case have.port == "" || want.port == "": // an app matches only itself
			return have.text("") == want.text("")
		case r == MatchHost:
			return have.host == want.host && (!have.portNamed || have.port == want.port)
		}
		return have.domain(registrable) == want.domain(registrable)
	})
}

func pattern(rawURL string) (*regexp.Regexp, error) { return regexp.Compile("(?i)" + rawURL) }

// ValidPattern reports whether rawURL can have the rule MatchRegexp.
func ValidPattern(rawURL string) bool {
	_, err := pattern(rawURL)
	return err == nil
}

// CheckPatterns reports the first URL with the rule MatchRegexp that is not a regular expression. Validate does not: package regexp
// is a twenty-fifth of the page's first download. Code that edits URLs calls both.
func (it Item) CheckPatterns() error {
	for i, rawURL := range it.URLs {
		if it.Match[rawURL] == MatchRegexp && !ValidPattern(rawURL) {
			return &FieldError{Field: fmt.Sprintf("urls[%d]", i), Rule: RulePattern, Reason: "is not a regular expression (RE2)"}
		}
	}
	return nil
}

// site is a parsed URL.
type site struct {
	scheme, host string
	port         string // by default that of the scheme; empty: not a web page
	portNamed    bool
	path         string // with query and fragment
}

// webPorts has the schemes that browsers open, with their ports. Other schemes are apps (androidapp://, iosapp://): their names can look
// like hosts but are not.
var webPorts = map[string]string{"http": "80", "https": "443", "ws": "80", "wss": "443", "ftp": "21"}

// hostNames maps and encodes names as browsers do (UTS 46), and allows underscores and hyphens like them. It is a function because a
// variable would link 130 KB into the WebAssembly module, which never calls BelongsTo.
func hostNames() *idna.Profile {
	return idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false), idna.CheckHyphens(false))
}

func sameSpelling(rawURL, page string, equal func(a, p site) bool) bool {
	a, ok := parseSite(rawURL)
	if !ok {
		return false
	}
	p, ok := parseSite(page)
	return ok && equal(a, p)
}

// parseSite parses a URL, with or without a scheme.
func parseSite(rawURL string) (site, bool) {
	rawURL, ok := withScheme(strings.TrimSpace(rawURL))
	if !ok {
		return site{}, false
	}
	u, err := url.Parse(rawURL)
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

// withScheme rewrites what browsers accept as the URL of a web page for url.Parse. Without a scheme, an @ before the path means an email
// address or an app.
func withScheme(rawURL string) (string, bool) {
	scheme, rest, _ := strings.Cut(rawURL, ":")
	if _, web := webPorts[strings.ToLower(scheme)]; web {
		return scheme + "://" + webPath(rest), true
	}
	if strings.HasPrefix(rest, "//") && !strings.ContainsAny(scheme, "/?#") {
		return rawURL, true
	}
	if ip, err := netip.ParseAddr(rawURL); err == nil && ip.Is6() {
		return "https://[" + rawURL + "]", true
	}
	host, _, _ := strings.Cut(strings.Map(pathToSlash, webPath(rawURL)), "/")
	return "https://" + webPath(rawURL), !strings.Contains(host, "@")
}

func pathToSlash(r rune) rune {
	if r == '?' || r == '#' {
		return '/'
	}
	return r
}

// webPath removes slashes before the host, replaces backslashes before the query by slashes, and escapes an invalid %.
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

// hostName normalises a host: lower-case punycode without a final dot, or the shortest form of an IP address.
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

// numericIPv4 parses an IPv4 address of one to four decimal, octal or hexadecimal numbers, like inet_aton(3) and browsers.
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
			left = 4 - i // the last number fills the remaining bytes
		}
		if err != nil || n>>(8*left) != 0 {
			return netip.Addr{}, false
		}
		for at := i + left - 1; at >= i; at-- {
			b[at] = byte(n & 0xff)
			n >>= 8
		}
	}
	return netip.AddrFrom4(b), true
}

// text is the normalised URL, with root as the path if it has none.
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
	return s.host // has no registrable domain, such as localhost
}
