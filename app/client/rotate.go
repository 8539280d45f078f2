package client

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// RotationRequest says what a rotation of the account key needs.
type RotationRequest struct {
	Password    string // the current one
	NewPassword string // empty: the password stays
	Phrase      string // the current recovery phrase; empty: a new one is made
}

// Rotation is a rotation of the account key that is not signed yet. A new phrase is shown and confirmed before.
type Rotation struct {
	current  seal.PasswordKey
	password newPassword
	renamed  bool // password is a new one
	phrase   seal.RecoveryPhrase
	fresh    bool // phrase is a new one
	key      seal.AccountKey
	card     seal.CardKeys
}

// Words returns the new recovery phrase, nil if the current one stays.
func (r *Rotation) Words() []string {
	if !r.fresh {
		return nil
	}
	return r.phrase.Words()
}

// Forget wipes the keys of a rotation that was abandoned or completed.
func (r *Rotation) Forget() {
	r.current.Wipe()
	r.phrase.Wipe()
	r.key.Wipe()
	r.card.Wipe()
}

// Rotated is what a rotation changed besides the keys.
type Rotated struct {
	Passkeys int `json:"passkeys"` // that no longer open the account, because they were not at hand
	Records  int `json:"records"`  // still under the keys of earlier epochs: see Reseal
}

// PrepareRotation checks the password and the phrase on this device, and draws the new keys. It changes nothing.
func (c *Client) PrepareRotation(ctx context.Context, in RotationRequest) (*Rotation, error) {
	phrase := seal.NewRecoveryPhrase()
	if in.Phrase != "" {
		var err error
		if phrase, err = seal.ParseRecoveryPhrase(in.Phrase); err != nil {
			return nil, err
		}
	}
	op, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer op.end()
	v, key, err := op.proveKey(in.Password)
	if err != nil {
		return nil, err
	}
	kdf := seal.KDF{Salt: v.keys.document.Salt, Cost: v.keys.document.Cost}
	r := &Rotation{
		current: key, password: newPassword{newWrap{key.WrapKey(), chain.MethodPassword, key.AuthKey()}, kdf},
		phrase: phrase, fresh: in.Phrase == "", key: seal.NewAccountKey(), card: seal.NewCardKeys(),
	}
	if !r.fresh && !v.hasPhrase(phrase) {
		r.Forget()
		return nil, ErrWrongPhrase
	}
	if in.NewPassword != "" {
		r.renamed = true
		if r.password, err = passwordWrap(in.NewPassword, op.costFor(v)); err != nil {
			r.Forget()
			return nil, err
		}
	}
	return r, nil
}

// hasPhrase reports whether the account names the phrase.
func (v *vault) hasPhrase(phrase seal.RecoveryPhrase) bool {
	w := v.keys.document.Wrap(chain.MethodPhrase, chain.ID{})
	return w != nil && w.AuthKey == phrase.AuthKey().Hash()
}

// Rotate replaces the account key, the card and the key of the personal vault by one log entry. All other sessions end. Passkeys no
// longer open the account. After an error it can be called again with the same rotation.
func (c *Client) Rotate(ctx context.Context, r *Rotation) (Rotated, error) {
	op, err := c.begin(ctx)
	if err != nil {
		return Rotated{}, err
	}
	defer op.end()
	v, err := op.opened()
	if err != nil {
		return Rotated{}, err
	}
	if _, err := op.conclude(v); err != nil {
		return Rotated{}, err
	}
	if v, err = op.current(); err != nil {
		return Rotated{}, err
	}
	var out Rotated
	if !v.keys.key.Equal(r.key) { // else an earlier attempt, whose answer was lost, has done it
		for _, w := range v.keys.document.Wraps {
			if w.Method == chain.MethodPasskey {
				out.Passkeys++
			}
		}
		err = op.changeAccount(v, r.current.AuthKey(), func(d *accountDraft) { d.rotate(v, r) }, r.wire)
		if err != nil {
			return Rotated{}, err
		}
	}
	out.Records = v.outdated()
	return out, nil
}

// rotate makes a draft renew everything: see Rotation.
func (a *accountDraft) rotate(v *vault, r *Rotation) {
	former := append([]seal.AccountKey{a.key}, a.identity.Former...)
	a.identity.Former = former[:min(len(former), seal.MaxFormerKeys)]
	a.key, a.generation, a.held = r.key, a.generation+1, nil
	a.setPassword(r.password)
	a.wraps = append(a.wraps, newWrap{r.phrase.WrapKey(), chain.MethodPhrase, r.phrase.AuthKey()})
	a.renewed = &renewal{r.card, v.BeginEpoch}
}

// wire adds the auth keys that are new.
func (r *Rotation) wire(in *protocol.AccountEntryRequest) {
	if r.renamed {
		in.Change.AuthKey = r.password.auth.Encode()
	}
	if r.fresh {
		in.Change.RecoveryAuthKey = r.phrase.AuthKey().Encode()
	}
}

// RotateVault gives the personal vault a new key. The account key stays.
func (c *Client) RotateVault(ctx context.Context, password string) error {
	op, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer op.end()
	v, _, err := op.prove(password)
	if err != nil {
		return err
	}
	if held, err := op.conclude(v); err != nil || held {
		return err
	}
	for range maxAttempts {
		e, envelopes, err := v.signRotate()
		if err != nil {
			return err
		}
		request := protocol.VaultEntryRequest{Entry: encodeSigned(e.Encode())}
		for _, envelope := range envelopes {
			request.Envelopes = append(request.Envelopes, encodeSigned(envelope))
		}
		err = op.sendEntry(v, e, vaultPath(v, protocol.PathVaultEntries), request)
		if !hasCode(err, protocol.CodeRevisionConflict) {
			return err
		}
		if v, err = op.current(); err != nil {
			return err
		}
	}
	return ErrBusy
}

// signRotate signs the entry that begins an epoch of the personal vault.
func (v *vault) signRotate() (*chain.Entry, [][]byte, error) {
	author, err := v.author()
	if err != nil {
		return nil, nil, err
	}
	s, cards := v.Log().State, v.Log().Cards
	e := *s.Entry
	e.Sequence, e.Previous, e.Revision, e.Write = s.Entry.Sequence+1, s.Entry.Hash(), s.Revision, s.Write
	e.Op, e.Author, e.AuthorCard, e.Time = chain.OpRotate, v.user, author.Card, now()
	e.Roster = slices.Clone(s.Entry.Roster)
	envelopes, err := v.BeginEpoch(&e, cards)
	if err != nil {
		return nil, nil, fmt.Errorf("begin an epoch: %w", err)
	}
	e.Sign(author.Keys.Signing)
	if _, err := s.Follow([]*chain.Entry{&e}, nil, cards); err != nil {
		return nil, nil, fmt.Errorf("sign rotate entry: %w", err)
	}
	return &e, envelopes, nil
}

// Resealed is the result of a Reseal.
type Resealed struct {
	Records    int `json:"records"`    // sealed under the newest key
	Unreadable int `json:"unreadable"` // that do not open, and stay as they are
}

// Reseal seals the records under the newest key of their vault that are still under earlier ones. Each batch is one write, so it
// can be interrupted and called again at any time, and other operations run between two batches. It pauses after somebody else's write.
func (c *Client) Reseal(ctx context.Context, progress func(done, total int)) (Resealed, error) {
	var out Resealed
	for {
		left, moved, err := c.resealSome(ctx, &out)
		if err != nil {
			return out, err
		}
		if progress != nil {
			progress(out.Records, out.Records+left)
		}
		if left == 0 {
			return out, nil
		}
		if moved {
			if err := c.pause(ctx, courtesy); err != nil {
				return out, err
			}
		}
	}
}

// resealSome makes one batch of one vault. It returns the number of records that are left, and whether another device was faster.
func (c *Client) resealSome(ctx context.Context, out *Resealed) (left int, moved bool, err error) {
	op, err := c.begin(ctx)
	if err != nil {
		return 0, false, err
	}
	defer op.end()
	personal, err := op.loaded()
	if err != nil {
		return 0, false, err
	}
	if err := personal.alarmed(); err != nil {
		return 0, false, err
	}
	v := personal.toReseal()
	if v == nil {
		return 0, false, nil
	}
	unlock, err := op.lockSigning(v)
	if err != nil {
		return 0, false, err
	}
	defer unlock()
	if _, err := op.conclude(v); err != nil {
		return 0, false, err
	}
	before := personal.outdated()
	ch := v.Change()
	unopened, err := ch.Reseal(v.unopened)
	if err != nil {
		return 0, false, err
	}
	for _, l := range unopened {
		v.unopened[l] = true
	}
	out.Unreadable += len(unopened)
	if ch.Operations() == 0 {
		return personal.outdated(), false, op.endWrite(v)
	}
	made, err := op.send(v, ch, noEdits)
	if err != nil {
		return 0, false, err
	}
	left = personal.outdated()
	if made {
		out.Records += before - len(unopened) - left
	}
	return left, !made, nil
}

// toReseal returns a vault with records that the user can seal again, or nil.
func (u *unlocked) toReseal() *vault {
	for _, v := range u.vaults() {
		if v.resealable() > 0 {
			return v
		}
	}
	return nil
}

// outdated returns the number of records in all vaults that Reseal can still seal again.
func (u *unlocked) outdated() (n int) {
	for _, v := range u.vaults() {
		n += v.resealable()
	}
	return n
}

// resealable returns the number of records of a vault that Reseal can still seal again.
func (v *vault) resealable() int {
	if v.trouble != nil || v.mayWrite() != nil {
		return 0
	}
	return v.Outdated(v.unopened)
}

// pause waits, unless ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
