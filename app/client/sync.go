package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
)

// Synced is the result of a Sync.
type Synced struct {
	Revision   int64        `json:"revision"`
	Sequence   int64        `json:"sequence"` // of the newest log entry
	Changed    bool         `json:"changed"`
	Count      int          `json:"count"`   // items outside the trash
	Trashed    int          `json:"trashed"` // items in the trash
	Unreadable []Unreadable `json:"unreadable"`
	Outdated   int          `json:"outdated"` // records under the keys of earlier epochs: see Reseal
	Waiting                 // the outbox after the Sync
	Joined     *Joined      `json:"joined,omitempty"` // a write has brought the branch of this device and the history of the server together
	Resent     *Resent      `json:"resent,omitempty"` // the server was restored from a backup, and this device sent what it lost
	// Recovered says that a recovery, whose answer was lost, is finished: the password chosen then is in force.
	Recovered bool `json:"recovered"`
	// Lost are the attachments that a restored server lost, until their items no longer have them.
	Lost      []LostFile `json:"lost"`
	Undeleted []string   `json:"kept"` // items that were deleted here but not on the server, because another device changed them
	// CopyProblem says in English why this device has no cache, or has set an outbox aside; empty if nothing is wrong.
	CopyProblem string `json:"-"`
}

// Unreadable is an authentic item that this client cannot read.
type Unreadable struct {
	ID      string         `json:"id"`
	Finding bridge.Finding `json:"finding"`
	Message string         `json:"-"` // in English
}

// Sync downloads the vault, or its changes since the last Sync, and then sends the outbox, the oldest change first. It verifies
// the download against the signed history and against what this device has seen before; if they do not match, it returns a
// *VaultAlteredError or *RolledBackError and changes nothing. Changes that the server rejects, or is too busy for, stay in the
// outbox.
func (c *Client) Sync(ctx context.Context) (Synced, error) {
	op, err := c.begin(ctx)
	if err != nil {
		return Synced{}, err
	}
	defer op.end()
	v, err := op.opened()
	if err != nil {
		return Synced{}, err
	}
	changed, err := op.syncAndFlush(v)
	if err != nil {
		return Synced{}, err
	}
	if c.sharing != nil {
		more, err := c.sharing.sync(op, v.unlocked)
		if err != nil {
			return Synced{}, err
		}
		changed = changed || more
	}
	lost, err := op.lostFiles(v)
	if err != nil {
		return Synced{}, err
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	out := Synced{Revision: v.Revision(), Sequence: v.After(), Changed: changed, Unreadable: []Unreadable{},
		Waiting: Waiting{Refused: []Refused{}}, Resent: op.resent, Recovered: op.recovered, Lost: lost, Undeleted: []string{}, CopyProblem: cmp.Or(op.outboxProblem, op.cacheProblem)}
	op.resent, op.recovered = nil, false // only operations use it
	for _, each := range v.vaults() {
		out.add(each)
	}
	return out, nil
}

// syncAndFlush is sync, and sends the outbox. It reports whether the vault changed.
func (op *operation) syncAndFlush(v *vault) (bool, error) {
	stamp := v.outbox.Stamp
	changed, err := op.sync(v)
	if err == nil {
		err = op.flush(v)
	}
	return changed || v.outbox.Stamp != stamp, err
}

// add adds what one vault has.
func (s *Synced) add(v *vault) {
	live, trashed := v.Counts()
	s.Count, s.Trashed, s.Outdated = s.Count+live, s.Trashed+trashed, s.Outdated+v.resealable()
	waiting := v.waiting()
	s.Pending, s.Refused = s.Pending+waiting.Pending, append(s.Refused, waiting.Refused...)
	s.Undeleted = append(s.Undeleted, v.stayed...)
	if s.Joined == nil {
		s.Joined = v.joined
	}
	v.stayed, v.joined = nil, nil // only operations use it
	for _, e := range v.All() {
		if e.Err != nil {
			s.Unreadable = append(s.Unreadable, Unreadable{e.ID, findingOf(&UnreadableError{ID: e.ID, Err: e.Err}), e.Err.Error()})
		}
	}
}

// loaded returns the unlocked vault, after it was synced or opened from the cache.
func (op *operation) loaded() (*vault, error) {
	v, err := op.opened()
	if err == nil && !v.Loaded {
		if _, err = op.sync(v); v.Loaded && unreachable(err) {
			err = nil
		}
	}
	return v, err
}

// sync reports whether the vault changed.
func (op *operation) sync(v *vault) (bool, error) {
	if err := op.recall(v); err != nil {
		return false, err
	}
	before := stateStamp(v.Log().State)
	if !v.Loaded {
		// If the cache is missing or damaged, the whole vault is downloaded and verified in the same way.
		_ = op.openCache(v)
		if op.ctx.Err() != nil {
			return false, op.ctx.Err()
		}
	}
	if err := op.loadOutbox(v); err != nil {
		return false, err
	}
	err := op.pull(v, v.Revision() == 0)
	var wrong *VaultAlteredError
	if errors.As(err, &wrong) {
		// The server drops old tombstones, so changes since an old state may not add up. And another device may have changed the account
		// after it was read. Neither is true of the whole vault, read once more.
		err = op.pull(v, true)
	}
	if raises(err) {
		err = op.leadBack(v, err)
	}
	if err == nil {
		v.resends = resendLimit{}
	}
	return stateStamp(v.Log().State) != before, err
}

func vaultPath(v *vault, path string) string {
	return strings.Replace(path, "{vault}", v.id(), 1)
}

// ask gets what the server has of the vault: the records that changed above revision since, the log above sequence number after, and
// the writes down to that of a state; or, if that is on a branch that was brought together with the vault, the way from there.
func (op *operation) ask(v *vault, since, after int64, base chain.State) (*replica.Answer, []byte, error) {
	path := fmt.Sprintf("%s?since=%d&after=%d&revision=%d", vaultPath(v, protocol.PathVault), since, after, base.Revision)
	if base.Write != (chain.Hash{}) && base.Revision > 0 {
		path += "&head=" + encodeHash(base.Write)
	}
	body, err := op.exchange(methodGet, path, nil, maxVault)
	if hasCode(err, protocol.CodeUnavailable) { // a server that is too busy counts as offline
		err = fmt.Errorf("%w: %w", ErrOffline, err)
	}
	if err != nil {
		return nil, nil, err
	}
	answer, err := replica.Parse(body)
	if err == nil && answer.Entry == "" {
		err = errors.New("it does not name the newest log entry")
	}
	if err != nil {
		return nil, nil, op.answerError(methodGet, protocol.PathVault, err)
	}
	return answer, body, nil
}

// pull downloads the vault, or its changes, and verifies and applies them.
func (op *operation) pull(v *vault, full bool) error {
	seen, err := v.seen()
	if err != nil {
		return err
	}
	since := v.Revision()
	if full {
		since = 0
	}
	for range maxAttempts {
		log, answer, body, err := op.askLog(v, since, seen)
		if err == nil && answer.Branch != nil && !full {
			return op.pull(v, true) // what changed since a revision of another branch says nothing
		}
		if err == nil {
			err = op.takeLog(v, log, answer, body, full)
		}
		if !errors.Is(err, errMoved) {
			return err
		}
	}
	return ErrBusy
}

// askLog is ask with the log after the answer. A log that is too long for one answer comes in several, and the last has the records.
func (op *operation) askLog(v *vault, since int64, seen chain.State) (*replica.Log, *replica.Answer, []byte, error) {
	at := v.Replica
	var held *replica.Answer // entries up to the remembered one, which vouches for all of them
	after, size := at.After(), 0
	for {
		base := at.Base(seen)
		answer, body, err := op.ask(v, since, after, base)
		if err != nil {
			return nil, nil, nil, err
		}
		size += len(body)
		if err := op.progresses(v, answer, size); err != nil {
			return nil, nil, nil, err
		}
		after += int64(len(answer.Entries))
		if held != nil {
			answer, body = held.Joined(answer), nil
		}
		if answer.More && base.Entry != nil && after < base.Entry.Sequence {
			held = answer
			continue
		}
		log, err := at.Follow(answer, seen)
		if err == nil && answer.More {
			at, held = at.Along(log), nil
			continue
		}
		if at != v.Replica {
			body = nil
		}
		return log, answer, body, err
	}
}

// progresses returns an error if the server says that a log goes on, although this part leads nowhere. size is that of all parts.
func (op *operation) progresses(v *vault, answer *replica.Answer, size int) error {
	if answer.More && (len(answer.Entries) == 0 || size > maxVault || v == v.personal) {
		return op.answerError(methodGet, protocol.PathVault, errNoProgress)
	}
	return nil
}

var errNoProgress = errors.New("a part of the log leads nowhere")

// take verifies and applies an answer.
func (op *operation) take(v *vault, seen chain.State, answer *replica.Answer, body []byte, full bool) error {
	log, err := v.Follow(answer, seen)
	if err != nil {
		return err
	}
	return op.takeLog(v, log, answer, body, full)
}

// takeLog is take with the log after the answer. body is nil if the cache cannot have it as it is.
func (op *operation) takeLog(v *vault, log *replica.Log, answer *replica.Answer, body []byte, full bool) (err error) {
	if log.Headless() {
		err = op.addHead(v, log)
	}
	if err == nil {
		err = op.proveLog(v, log)
	}
	if err == nil && v != v.personal && log.State.Entry.Member(v.user) == nil {
		return op.client.sharing.removed(op, v, log)
	}
	if err != nil {
		return err
	}
	next, err := v.Verify(op.ctx, log, v.keys.identity, answer.Records, full)
	if err != nil {
		return err
	}
	held := v.Log().State
	before := stateStamp(held)
	if log.Joint != nil {
		if err := op.leaveBranch(v, log, next); err != nil {
			return err
		}
	}
	op.client.mu.Lock()
	next.Commit()
	v.reached, v.left = v.pins.Pins, false
	op.client.mu.Unlock()
	op.noteAnswer(v, held, answer, next.Operations())
	switch {
	case full:
		err = op.cacheWhole(v, answer)
	case body == nil:
		err = op.cacheWhole(v, nil)
	default:
		err = op.cacheDelta(v, before, body)
	}
	if err != nil {
		return err
	}
	// Write the cache first: a cache that is newer than the memory raises no alarm.
	return op.remember(v)
}

// leaveBranch notes that a write brought the branch of this device and the history of the server together.
func (op *operation) leaveBranch(v *vault, log *replica.Log, next *replica.Next) error {
	v.joined = &Joined{Author: log.AuthorOf(log.Joint), Differences: []replica.Difference{}}
	if v.Loaded {
		v.joined.Differences = next.Differences()
	}
	v.turns++
	v.cached = ""
	if !op.mayCache() {
		return nil
	}
	// The cache of the branch would look newer than the memory if it has the higher revision.
	return op.forgetNames(vaultName(v.home()))
}

// addHead gets the newest write, which this device remembers and does not have.
func (op *operation) addHead(v *vault, log *replica.Log) error {
	s := log.State
	answer, _, err := op.ask(v, s.Revision, s.Entry.Sequence, chain.State{Revision: s.Revision - 1})
	if err != nil {
		return err
	}
	return log.AddHead(answer)
}
