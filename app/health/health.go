// Package health reports weak, reused, old, breached and unencrypted passwords. It is pure: the caller passes in which passwords are
// weak and which were in a breach.
package health

import (
	"cmp"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Login is the part of an item that the report needs.
type Login struct {
	ID       string
	Username string
	URLs     []string
	Password string
	Since    time.Time // when the password was set; zero: unknown
	TOTP     bool
}

// Known has facts about passwords, by password.
type Known struct {
	Weak     map[string]bool
	Breached map[string]int // number of occurrences; zero: looked up, not found
}

// OldAfter is the age from which a password is old.
const OldAfter = 2 * 365 * 24 * time.Hour

// Report lists the ids of items, in the order of the input. An item can be in several lists.
type Report struct {
	Logins int `json:"logins"` // with a password
	// Sound counts the logins in none of the lists except SecondFactor: not every site offers one.
	Sound        int        `json:"sound"`
	Weak         []string   `json:"weak"`
	Reused       [][]string `json:"reused"` // groups with the same password, largest first
	Old          []Old      `json:"old"`    // oldest first
	Insecure     []Insecure `json:"insecure"`
	SecondFactor []string   `json:"second_factor"` // for a website, without an authenticator key
	Breached     []Breached `json:"breached"`      // most frequent first
	Unchecked    int        `json:"unchecked"`     // passwords not looked up in breaches
}

// Old is a password that has not changed since a time.
type Old struct {
	ID    string    `json:"id"`
	Since time.Time `json:"since"`
}

// Insecure is a URL that sends the password unencrypted.
type Insecure struct {
	ID  string `json:"id"`
	URL string `json:"url"`
}

// Breached is a password found in breaches.
type Breached struct {
	ID    string `json:"id"`
	Times int    `json:"times"`
}

// Score is the share of sound logins, 0 to 100, rounded down.
func (r Report) Score() int {
	if r.Logins == 0 {
		return 100
	}
	return r.Sound * 100 / r.Logins
}

// Of reports on logins. It ignores those without a password.
func Of(logins []Login, known Known, now time.Time) Report {
	logins = slices.DeleteFunc(slices.Clone(logins), func(l Login) bool { return l.Password == "" })
	r := Report{
		Logins: len(logins), Weak: []string{}, Reused: [][]string{}, Old: []Old{}, Insecure: []Insecure{},
		SecondFactor: []string{}, Breached: []Breached{},
	}
	groups := map[string][]string{}
	for _, l := range logins {
		groups[l.Password] = append(groups[l.Password], l.ID)
	}
	for _, l := range logins {
		sound := len(groups[l.Password]) == 1
		if known.Weak[l.Password] || l.guessable() {
			r.Weak = append(r.Weak, l.ID)
			sound = false
		}
		if !l.Since.IsZero() && now.Sub(l.Since) > OldAfter {
			r.Old = append(r.Old, Old{l.ID, l.Since})
			sound = false
		}
		if i := slices.IndexFunc(l.URLs, insecure); i >= 0 {
			r.Insecure = append(r.Insecure, Insecure{l.ID, l.URLs[i]})
			sound = false
		}
		if times, checked := known.Breached[l.Password]; times > 0 {
			r.Breached = append(r.Breached, Breached{l.ID, times})
			sound = false
		} else if !checked {
			r.Unchecked++
		}
		if !l.TOTP && slices.ContainsFunc(l.URLs, website) {
			r.SecondFactor = append(r.SecondFactor, l.ID)
		}
		if sound {
			r.Sound++
		}
		if group := groups[l.Password]; len(group) > 1 && group[0] == l.ID {
			r.Reused = append(r.Reused, group)
		}
	}
	slices.SortStableFunc(r.Reused, func(a, b []string) int { return cmp.Compare(len(b), len(a)) })
	slices.SortStableFunc(r.Old, func(a, b Old) int { return a.Since.Compare(b.Since) })
	slices.SortStableFunc(r.Breached, func(a, b Breached) int { return cmp.Compare(b.Times, a.Times) })
	return r
}

// guessable reports whether the password equals the username, which attackers try first.
func (l Login) guessable() bool {
	password := alphanumeric(l.Password)
	user, _, _ := strings.Cut(l.Username, "@")
	return password != "" && (password == alphanumeric(l.Username) || password == alphanumeric(user))
}

// alphanumeric returns the letters and digits in lower case.
func alphanumeric(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// insecure reports whether a URL uses plain HTTP outside the local network.
func insecure(rawURL string) bool {
	u, err := url.Parse(strings.TrimSpace(rawURL))
	return err == nil && u.Scheme == "http" && !local(u.Hostname())
}

// website reports whether a URL, with or without a scheme, is on the public web.
func website(rawURL string) bool {
	if !strings.Contains(rawURL, "://") {
		rawURL = "https://" + rawURL
	}
	u, err := url.Parse(strings.TrimSpace(rawURL))
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && !local(u.Hostname())
}

// local reports whether a host is this machine or on the local network.
func local(host string) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		a = a.Unmap()
		return a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast()
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if !strings.Contains(host, ".") { // localhost or another local name
		return true
	}
	return slices.ContainsFunc([]string{".localhost", ".local", ".internal", ".lan", ".home.arpa"}, func(suffix string) bool {
		return strings.HasSuffix(host, suffix)
	})
}
