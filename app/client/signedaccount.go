package client

import (
	"slices"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// The server says which account a password must open, and can show an earlier one or a made-up one. What the device has of the account,
// signed by the log that it remembers, opens in any case, so no server locks the user out. But a former password must not open it while
// the server has a newer account: if the log of the server goes on from the remembered one and signs that account, it counts.

// openAccount opens the account a of the server, or the signed one on this device. open opens an account.
func (op *operation) openAccount(a protocol.UserAccount, r Remembered, open func(protocol.UserAccount, Remembered) (*vault, error)) (*vault, error) {
	v, err := open(a, r)
	if err == nil {
		v.recollect(r)
	}
	own := slices.DeleteFunc(op.signedAccounts(r), func(signed protocol.UserAccount) bool {
		return signed.UserID != a.UserID || sameKeys(&signed, &a)
	})
	if len(own) == 0 || err == nil && op.standingOf(v, a) != earlier {
		return v, err
	}
	var mine *vault
	for _, signed := range own {
		if mine, _ = open(signed, r); mine != nil {
			mine.recollect(r)
			break
		}
	}
	switch {
	case mine == nil && err != nil:
		return nil, err
	case mine == nil:
		v.wipe()
		return nil, ErrPasswordChanged
	case err != nil && op.standingOf(mine, a) == newer:
		mine.wipe()
		return nil, ErrPasswordChanged
	case err == nil:
		v.wipe()
	}
	mine.shownOther = true
	return mine, nil
}

// standing says how an account of the server relates to what this device remembers.
type standing int

const (
	unproven standing = iota
	newer             // the log goes on from the remembered one, and signs it
	earlier           // the log ends before the remembered one
)

// standingOf compares the account a of the server with what v remembers. An answer that does not pass proves nothing: a sync finds out.
func (op *operation) standingOf(v *vault, a protocol.UserAccount) standing {
	seen, err := v.seen()
	if err != nil || seen.Entry == nil {
		return unproven
	}
	answer, _, err := op.ask(v, chain.MaxNumber, v.After(), v.Base(seen)) // without records
	if err != nil {
		return unproven
	}
	if answer.Sequence < seen.Entry.Sequence {
		return earlier
	}
	log, err := v.Follow(answer, seen)
	if err != nil {
		return unproven
	}
	_, parts, err := parseAccount(a)
	if err != nil {
		return unproven
	}
	annex := parts.document.Hash()
	for _, e := range log.Entries {
		if e.Sequence > seen.Entry.Sequence && e.Op == chain.OpAccount && e.Annex == annex {
			return newer
		}
	}
	return unproven
}

// opensFormer reports whether a password opens an account on this device that the remembered state signs.
func (op *operation) opensFormer(username, password string) bool {
	remembered, err := op.memory.Find(username)
	if err != nil || remembered.Check() != nil {
		return false
	}
	for _, a := range op.signedAccounts(remembered) {
		v, key, err := openWith(a, password, remembered)
		key.Wipe()
		if err == nil {
			v.wipe()
			return true
		}
	}
	return false
}

// signedAccounts returns the accounts on this device that the remembered state signs. One of a user who was signed out is in quarantine.
func (op *operation) signedAccounts(r Remembered) []protocol.UserAccount {
	seen, ok, err := r.state(r.Vault)
	if !ok || err != nil || !op.mayCache() {
		return nil
	}
	var all []protocol.UserAccount
	if a, err := op.cachedAccount(); err == nil && a != nil {
		all = append(all, *a)
	}
	if list, err := op.quarantine(); err == nil {
		for _, q := range list {
			if !q.Own {
				all = append(all, q.Account)
			}
		}
	}
	return slices.DeleteFunc(all, func(a protocol.UserAccount) bool {
		_, parts, err := parseAccount(a)
		return err != nil || a.Vault != r.Vault || parts.document.Annexed(seen.Entry) != nil
	})
}
