package client

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/vaultsphere/vaultsphere/app/health"
)

// Judge reports which of the passwords are weak, as strength.Weak does. Its dictionaries are too large for the browser's core, so
// they are in a separate module there.
type Judge func(ctx context.Context, passwords []string) ([]bool, error)

// knowledge caches what health checks learned about passwords. Lock clears it.
type knowledge struct {
	mu       sync.Mutex
	weak     map[string]bool
	breached map[string]int
}

func newKnowledge() *knowledge {
	return &knowledge{weak: map[string]bool{}, breached: map[string]int{}}
}

// judgedAtOnce is the number of passwords in a call of Judge, so that progress moves.
const judgedAtOnce = 250

// Health reports on the passwords of all items outside the trash. Each password is judged once while the vault is unlocked.
// progress may be nil.
func (c *Client) Health(ctx context.Context, judge Judge, progress func(done, total int)) (health.Report, error) {
	v, logins, err := c.logins(ctx)
	if err != nil {
		return health.Report{}, err
	}
	unknown := v.known.unjudged(logins)
	total := len(unknown)
	for batch := range slices.Chunk(unknown, judgedAtOnce) {
		if c.Locked() {
			return health.Report{}, ErrLocked
		}
		weak, err := judge(ctx, batch)
		if err == nil && len(weak) != len(batch) {
			err = fmt.Errorf("%d answers about %d passwords", len(weak), len(batch))
		}
		if err != nil {
			return health.Report{}, fmt.Errorf("judge passwords: %w", err)
		}
		unknown = unknown[len(batch):]
		v.known.judged(batch, weak)
		if progress != nil {
			progress(total-len(unknown), total)
		}
	}
	return health.Of(logins, v.known.all(), time.Now()), nil
}

// logins opens the items that are not open yet, and returns all that have a password.
func (c *Client) logins(ctx context.Context) (*vault, []health.Login, error) {
	if err := c.Index(ctx, nil); err != nil {
		return nil, nil, err
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	v := c.vault
	if v == nil {
		return nil, nil, ErrLocked
	}
	return v, v.logins(), nil
}

func (v *vault) logins() []health.Login {
	var logins []health.Login
	for _, e := range v.sorted {
		in := e.inside.Load()
		if in == nil || in.password == "" || !e.item.Trashed.IsZero() {
			continue
		}
		logins = append(logins, health.Login{
			ID: e.id, Username: e.item.Username, URLs: e.item.URLs, Password: in.password, Since: in.since, TOTP: in.totp,
		})
	}
	return logins
}

// findingsState is what findings depend on besides the items.
type findingsState struct {
	facts    int // number of judgements and lookups
	complete bool
}

// findings returns the facts from the health report, by account id.
func (v *vault) findings() map[string]facts {
	now := findingsState{v.known.size(), v.complete()}
	v.orders.mu.Lock()
	defer v.orders.mu.Unlock()
	if v.orders.findings != nil && v.orders.of == now && now.complete {
		return v.orders.findings
	}
	r := health.Of(v.logins(), v.known.all(), time.Now())
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

func (k *knowledge) size() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.weak) + len(k.breached)
}

func (k *knowledge) unjudged(logins []health.Login) []string {
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

func (k *knowledge) judged(passwords []string, weak []bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for i, p := range passwords {
		k.weak[p] = weak[i]
	}
}

func (k *knowledge) all() health.Known {
	k.mu.Lock()
	defer k.mu.Unlock()
	return health.Known{Weak: maps.Clone(k.weak), Breached: maps.Clone(k.breached)}
}
