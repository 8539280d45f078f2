// Package health says what is wrong with the passwords of a vault. It is pure: what it cannot know, how easily a password
// is guessed and whether it was in a breach, it is told.
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

// Login is what is judged of one item.
type Login struct {
	ID       string
	Username string
	URLs     []string
	Password string
	Since    time.Time // when the password was saved first; zero: not known
	TOTP     bool
}

// Known is what was found out about passwords elsewhere, by the password.
type Known struct {
	Weak     map[string]bool
	Breached map[string]int // in how many breaches; zero: in none
}

// OldAfter is how long a password may stay in force before the report mentions it.
const OldAfter = 2 * 365 * 24 * time.Hour

// Report names items by their IDs, in the order in which they came. An item may be in several lists.
type Report struct {
	Logins int `json:"logins"` // how many have a password
	// Sound is how many of them are in none of the lists, SecondFactor apart: not every site offers one.
	Sound        int        `json:"sound"`
	Weak         []string   `json:"weak"`
	Reused       [][]string `json:"reused"` // groups with the same password, the largest first
	Old          []Old      `json:"old"`    // the oldest first
	Insecure     []Insecure `json:"insecure"`
	SecondFactor []string   `json:"second_factor"` // sign in to a site without a one-time code
	Breached     []Breached `json:"breached"`      // the most often first
	Unchecked    int        `json:"unchecked"`     // passwords that were not looked up in breaches
}

// Old is a password that was not changed for a long time.
type Old struct {
	ID    string    `json:"id"`
	Since time.Time `json:"since"`
}

// Insecure is an address that sends the password in the clear.
type Insecure struct {
	ID  string `json:"id"`
	URL string `json:"url"`
}

// Breached is a password that is known from breaches.
type Breached struct {
	ID    string `json:"id"`
	Times int    `json:"times"`
}

// Score is 0 to 100: the share of logins that are sound, never rounded up to 100.
func (r Report) Score() int {
	if r.Logins == 0 {
		return 100
	}
	return r.Sound * 100 / r.Logins
}

// Of judges logins, of which those without a password do not count.
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

// guessable reports whether the password is what everybody who attacks this login tries first.
func (l Login) guessable() bool {
	password := plain(l.Password)
	local, _, _ := strings.Cut(l.Username, "@")
	return password != "" && (password == plain(l.Username) || password == plain(local))
}

// plain keeps letters and digits, in lower case.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// insecure reports whether an address uses plain HTTP over a network that others may listen to.
func insecure(address string) bool {
	u, err := url.Parse(strings.TrimSpace(address))
	return err == nil && u.Scheme == "http" && !near(u.Hostname())
}

// website reports whether an address is one of the public web.
func website(address string) bool {
	if !strings.Contains(address, "://") {
		address = "https://" + address
	}
	u, err := url.Parse(strings.TrimSpace(address))
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && !near(u.Hostname())
}

// near reports whether a host is this machine or one of its own network.
func near(host string) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		a = a.Unmap()
		return a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast()
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if !strings.Contains(host, ".") { // localhost, or a name that only this network knows
		return true
	}
	return slices.ContainsFunc([]string{".localhost", ".local", ".internal", ".lan", ".home.arpa"}, func(suffix string) bool {
		return strings.HasSuffix(host, suffix)
	})
}
