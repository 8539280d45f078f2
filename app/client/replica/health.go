package replica

import (
	"crypto/sha1" // #nosec G505 -- what the range API is about; it protects nothing here
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vaultsphere/vaultsphere/app/health"
)

// Knowledge caches what health checks learned about passwords. Lock clears it.
type Knowledge struct {
	mu       sync.Mutex
	weak     map[string]bool
	breached map[string]int
}

func newKnowledge() *Knowledge {
	return &Knowledge{weak: map[string]bool{}, breached: map[string]int{}}
}

// IsLogin reports whether health reports include the entry.
func (e *Entry) IsLogin() bool {
	in := e.details.Load()
	return in != nil && in.password != "" && e.Overview.Trashed.IsZero()
}

func (e *Entry) Login() health.Login {
	in := e.details.Load()
	return health.Login{
		ID: e.ID, Username: e.Overview.Username, URLs: e.Overview.URLs, Password: in.password, Since: in.since, TOTP: in.totp,
		Ignored: kinds(e.Overview.Ignored),
	}
}

// SharePassword returns the ids of the other logins with the password of e.
func (v *Replica) SharePassword(e *Entry) []string {
	var others []string
	in := e.details.Load()
	for _, other := range v.sorted {
		if other != e && other.IsLogin() && other.details.Load().password == in.password {
			others = append(others, other.ID)
		}
	}
	return others
}

// Logins returns the items that health reports include, as far as their details were opened.
func (v *Replica) Logins() []health.Login {
	var logins []health.Login
	for _, e := range v.sorted {
		if e.IsLogin() {
			logins = append(logins, e.Login())
		}
	}
	return logins
}

// findingsState is what findings depend on besides the items.
type findingsState struct {
	facts    int // number of judgements and lookups
	complete bool
}

// findings returns the facts from the health report, by account id.
func (v *Replica) findings() map[string]facts {
	now := findingsState{v.Known.size(), v.complete()}
	v.orders.mu.Lock()
	defer v.orders.mu.Unlock()
	if v.orders.findings != nil && v.orders.of == now && now.complete {
		return v.orders.findings
	}
	r := health.Of(v.Logins(), v.Known.All(), time.Now())
	found := map[string]facts{}
	for _, id := range r.Weak {
		found[id] |= isWeak
	}
	for _, id := range slices.Concat(r.Reused...) {
		found[id] |= isReused
	}
	for _, b := range r.Breached {
		found[b.ID] |= isExposed
	}
	for _, o := range r.Old {
		found[o.ID] |= isOld
	}
	v.orders.findings, v.orders.of = found, now
	return found
}

func (k *Knowledge) size() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.weak) + len(k.breached)
}

func kinds(words []string) []health.Kind {
	var out []health.Kind
	for _, w := range words {
		out = append(out, health.Kind(w))
	}
	return out
}

func (k *Knowledge) Unjudged(logins []health.Login) []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	asked := map[string]bool{}
	var unknown []string
	for _, l := range logins {
		if _, known := k.weak[l.Password]; !known && !asked[l.Password] {
			asked[l.Password] = true
			unknown = append(unknown, l.Password)
		}
	}
	return unknown
}

func (k *Knowledge) Judged(passwords []string, weak []bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for i, p := range passwords {
		k.weak[p] = weak[i]
	}
}

func (k *Knowledge) All() health.Known {
	k.mu.Lock()
	defer k.mu.Unlock()
	return health.Known{Weak: maps.Clone(k.weak), Breached: maps.Clone(k.breached)}
}

// About is the part of all that concerns some logins.
func (k *Knowledge) About(logins []health.Login) health.Known {
	k.mu.Lock()
	defer k.mu.Unlock()
	known := health.Known{Weak: map[string]bool{}, Breached: map[string]int{}}
	for _, l := range logins {
		known.Weak[l.Password] = k.weak[l.Password]
		if times, checked := k.breached[l.Password]; checked {
			known.Breached[l.Password] = times
		}
	}
	return known
}

// PrefixDigits is how much of a hash a lookup reveals, in hexadecimal digits.
const PrefixDigits = 5

// Found notes how often passwords, by the second parts of their hashes, are in known breaches. It calls then before others continue.
func (k *Knowledge) Found(bySuffix map[string]string, counts map[string]int, then func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for suffix, password := range bySuffix {
		k.breached[password] = counts[suffix]
	}
	then()
}

// Unchecked returns the passwords that were not looked up yet, by the two parts of their hashes.
func (k *Knowledge) Unchecked(logins []health.Login) map[string]map[string]string {
	k.mu.Lock()
	defer k.mu.Unlock()
	byPrefix := map[string]map[string]string{}
	for _, l := range logins {
		if _, known := k.breached[l.Password]; known {
			continue
		}
		hash := sha1.Sum([]byte(l.Password)) // #nosec G401 -- see the import
		digits := strings.ToUpper(hex.EncodeToString(hash[:]))
		prefix, suffix := digits[:PrefixDigits], digits[PrefixDigits:]
		if byPrefix[prefix] == nil {
			byPrefix[prefix] = map[string]string{}
		}
		byPrefix[prefix][suffix] = l.Password
	}
	return byPrefix
}

// lacks reports whether a password has not been looked up.
func (k *Knowledge) lacks(logins []health.Login) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.ContainsFunc(logins, func(l health.Login) bool {
		_, known := k.breached[l.Password]
		return !known
	})
}
