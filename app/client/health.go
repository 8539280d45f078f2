package client

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/vaultsphere/vaultsphere/app/health"
	"github.com/vaultsphere/vaultsphere/app/item"
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
	if err := c.judge(ctx, v, logins, judge, progress); err != nil {
		return health.Report{}, err
	}
	return health.Of(logins, v.known.all(), time.Now()), nil
}

// ItemHealth is what Health finds about one item. It has findings only if the item has a password and is not in the trash.
func (c *Client) ItemHealth(ctx context.Context, id string, judge Judge) (health.Findings, error) {
	v, one, others, err := c.login(ctx, id)
	if err != nil {
		return health.Findings{}, err
	}
	if err := c.judge(ctx, v, one, judge, nil); err != nil {
		return health.Findings{}, err
	}
	if len(one) == 0 {
		return health.One(health.Login{}, nil, health.Known{}, time.Now()), nil
	}
	return health.One(one[0], others, v.known.about(one), time.Now()), nil
}

// login returns one of the logins, or none, and the ids of the others with its password. Unlike logins it allocates nothing per
// item: in WebAssembly, a collection of garbage reads the whole vault.
func (c *Client) login(ctx context.Context, id string) (v *vault, one []health.Login, others []string, err error) {
	if err := c.Index(ctx, nil); err != nil {
		return nil, nil, nil, err
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.vault == nil {
		return nil, nil, nil, ErrLocked
	}
	e := c.vault.shown(id)
	if e == nil || !e.isLogin() {
		return c.vault, nil, nil, nil
	}
	in := e.inside.Load()
	for _, other := range c.vault.sorted {
		if other != e && other.isLogin() && other.inside.Load().password == in.password {
			others = append(others, other.id)
		}
	}
	return c.vault, []health.Login{e.login()}, others, nil
}

// isLogin reports whether health reports include the entry.
func (e *entry) isLogin() bool {
	in := e.inside.Load()
	return in != nil && in.password != "" && e.item.Trashed.IsZero()
}

func (e *entry) login() health.Login {
	in := e.inside.Load()
	return health.Login{
		ID: e.id, Username: e.item.Username, URLs: e.item.URLs, Password: in.password, Since: in.since, TOTP: in.totp,
		Ignored: kinds(e.item.Ignored),
	}
}

// judge judges the passwords that were not judged yet.
func (c *Client) judge(ctx context.Context, v *vault, logins []health.Login, judge Judge, progress func(done, total int)) error {
	unknown := v.known.unjudged(logins)
	total := len(unknown)
	for batch := range slices.Chunk(unknown, judgedAtOnce) {
		if c.Locked() {
			return ErrLocked
		}
		weak, err := judge(ctx, batch)
		if err == nil && len(weak) != len(batch) {
			err = fmt.Errorf("%d answers about %d passwords", len(weak), len(batch))
		}
		if err != nil {
			return fmt.Errorf("judge passwords: %w", err)
		}
		unknown = unknown[len(batch):]
		v.known.judged(batch, weak)
		if progress != nil {
			progress(total-len(unknown), total)
		}
	}
	return nil
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
		if e.isLogin() {
			logins = append(logins, e.login())
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

func kinds(words []string) []health.Kind {
	var out []health.Kind
	for _, w := range words {
		out = append(out, health.Kind(w))
	}
	return out
}

// Ignore dismisses a kind of findings about items, or reports it again.
func (c *Client) Ignore(ctx context.Context, ids []string, kind health.Kind, ignore bool, progress func(done, total int)) ([]string, error) {
	word := string(kind)
	return c.edit(ctx, ids, progress, func(it *item.Item) {
		it.Ignored = slices.DeleteFunc(it.Ignored, func(w string) bool { return w == word })
		if ignore {
			it.Ignored = append(it.Ignored, word)
		}
	})
}

// withFreshPassword returns an item whose password differs from before, without the ignored findings about the old one.
func withFreshPassword(it, before item.Item) item.Item {
	if it.Password != before.Password {
		it = it.Clone()
		it.Ignored = slices.DeleteFunc(it.Ignored, func(w string) bool { return health.Kind(w).OfPassword() })
	}
	return it
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

// about is the part of all that concerns some logins.
func (k *knowledge) about(logins []health.Login) health.Known {
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
