package client

import (
	"fmt"
	"slices"
)

// lockSigning waits until no other tab or process of this device signs for the user, and then reads what it left: every statement must
// follow what the device has verified and signed before. Nothing is signed without it. Inside the lock it returns at once.
func (op *operation) lockSigning(v *vault) (unlock func(), err error) {
	if op.signing {
		if err := op.catchUpOnce(v); err != nil {
			return nil, err
		}
		return func() { /* the outer call ends it */ }, nil
	}
	release, err := op.memory.Lock(op.ctx, v.user.String())
	if err != nil {
		return nil, fmt.Errorf("wait for another tab or process: %w", err)
	}
	op.signing, op.caughtUp = true, nil
	unlock = func() {
		op.signing = false
		release()
	}
	if err := op.catchUpOnce(v); err != nil {
		unlock()
		return nil, err
	}
	return unlock, nil
}

// catchUpOnce is catchUp for the first use of a vault inside the lock.
func (op *operation) catchUpOnce(v *vault) error {
	if slices.Contains(op.caughtUp, v) {
		return nil
	}
	op.caughtUp = append(op.caughtUp, v)
	return op.catchUp(v)
}

// catchUp reads what another tab or process of this device has verified, and its changes of the outbox.
func (op *operation) catchUp(v *vault) error {
	if err := op.recall(v); err != nil {
		return err
	}
	seen, err := v.seen()
	if err != nil {
		return err
	}
	state := v.Log().State
	if state.Entry != nil && seen.Entry != nil && (seen.Revision > state.Revision || seen.Entry.Sequence > state.Entry.Sequence) {
		_, err := op.sync(v)
		return err
	}
	return op.loadOutbox(v)
}
