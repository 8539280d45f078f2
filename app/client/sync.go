package client

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/vaultsphere/vaultsphere/app/api"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// Synced is the outcome of a Sync.
type Synced struct {
	Revision   int64
	Changed    bool
	Count      int // of items that are not in the trash
	Trashed    int // of items that are
	Unreadable []Unreadable
}

// Unreadable is an item that is what was stored, but cannot be opened or understood here.
type Unreadable struct {
	ID      string
	Message string
}

// Sync brings the vault to the server's revision: all of it the first time, what changed later. What does not agree with
// the sealed manifest and with what this device has seen before is refused, with *VaultAlteredError or *RolledBackError,
// and the vault stays as it was.
func (c *Client) Sync(ctx context.Context) (Synced, error) {
	ctx, done, err := c.begin(ctx)
	if err != nil {
		return Synced{}, err
	}
	defer done()
	v, err := c.opened()
	if err != nil {
		return Synced{}, err
	}
	changed, err := c.sync(ctx, v)
	if err != nil {
		return Synced{}, err
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	out := Synced{Revision: v.revision, Changed: changed}
	out.Count, out.Trashed = v.counts()
	for _, e := range v.sorted {
		if e.err != nil {
			out.Unreadable = append(out.Unreadable, Unreadable{e.id, e.err.Error()})
		}
	}
	return out, nil
}

// loaded returns the unlocked vault, synced at least once. It needs the turn.
func (c *Client) loaded(ctx context.Context) (*vault, error) {
	v, err := c.opened()
	if err == nil && !v.loaded {
		_, err = c.sync(ctx, v)
	}
	return v, err
}

// sync needs the turn. It reports whether the revision moved.
func (c *Client) sync(ctx context.Context, v *vault) (bool, error) {
	if err := c.recall(v); err != nil {
		return false, err
	}
	before := v.revision
	if v.revision > 0 {
		err := c.pull(ctx, v, false)
		var wrong *VaultAlteredError
		if !errors.As(err, &wrong) {
			return v.revision != before, err
		}
		// The server keeps tombstones for a time only: a delta to an old state need not add up. The whole vault has to.
	}
	err := c.pull(ctx, v, true)
	return v.revision != before, err
}

// pull fetches the vault, or what changed in it, and takes it in if it verifies.
func (c *Client) pull(ctx context.Context, v *vault, full bool) error {
	since := v.revision
	if full {
		since = 0
	}
	body, err := c.exchange(ctx, methodGet, api.PathVault+"?since="+strconv.FormatInt(since, 10), nil, maxVault)
	if err != nil {
		return err
	}
	answer, err := parseVault(body)
	if err != nil {
		return &AnswerError{Path: api.PathVault, Err: err}
	}
	manifest, err := v.key.OpenManifest(v.user, answer.Manifest)
	if err != nil {
		return &VaultAlteredError{Problems: []string{"the sealed manifest does not open"}, Err: err}
	}
	if err := v.checkSeen(manifest); err != nil {
		return err
	}
	if manifest.Revision != answer.Revision {
		return altered("the server says revision %d, the sealed manifest says %d", answer.Revision, manifest.Revision)
	}
	n := v.begin(full)
	problems := n.fill(answer)
	if len(problems) > 0 || n.count != manifest.Count || !n.digest.Equal(manifest.Digest) {
		return n.diagnose(problems, answer, manifest)
	}
	if err := n.openChanged(ctx); err != nil {
		return err
	}
	c.mu.Lock()
	n.commit(answer.Revision)
	c.mu.Unlock()
	return c.remember(v, answer.Revision, n.digest)
}

// checkSeen holds the manifest against what this device has seen, in this run and before.
func (v *vault) checkSeen(m seal.Manifest) error {
	if m.Revision < v.revision {
		return &RolledBackError{Seen: v.revision, Got: m.Revision}
	}
	if v.seen.Digest == "" {
		return nil
	}
	if m.Revision < v.seen.Revision || m.Revision == v.seen.Revision && m.Digest.String() != v.seen.Digest {
		return &RolledBackError{Seen: v.seen.Revision, Got: m.Revision}
	}
	return nil
}

// diagnose names what is wrong with an answer that does not add up. It may open every record, which a sync that adds up
// never does.
func (n *next) diagnose(problems []string, answer api.VaultResponse, manifest seal.Manifest) error {
	v := n.v
	var cause error
	for _, r := range answer.Records {
		if r.Deleted {
			continue
		}
		if _, err := v.key.Open(v.place(r.AccountID, seal.Kind(r.Kind), r.Version), r.Token); err != nil {
			if cause == nil {
				cause = err
			}
			problems = append(problems, err.Error())
		}
	}
	if n.full {
		for _, held := range v.sorted {
			if got := n.changed[held.id]; got != nil && got.meta.version != 0 && got.meta.version < held.meta.version {
				problems = append(problems, fmt.Sprintf("%s is older than the version %d that this device has",
					describe(v.place(held.id, seal.KindAccount, got.meta.version)), held.meta.version))
			}
		}
	}
	switch missing := manifest.Count - n.count; {
	case missing == 1:
		problems = append(problems, "the server left out 1 record")
	case missing > 1:
		problems = append(problems, fmt.Sprintf("the server left out %d records", missing))
	case missing == -1:
		problems = append(problems, "the server shows 1 record too many")
	case missing < -1:
		problems = append(problems, fmt.Sprintf("the server shows %d records too many", -missing))
	case len(problems) == 0:
		problems = append(problems, "the records do not add up to the sealed manifest: an older token stands in for a newer one")
	}
	return &VaultAlteredError{Problems: problems, Err: cause}
}
