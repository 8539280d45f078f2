package client

import (
	"context"
	"errors"
	"time"

	"github.com/vaultsphere/vaultsphere/app/client/imports"
	"github.com/vaultsphere/vaultsphere/app/client/outbox"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
)

// PlanImport compares a file with the vault. It returns ErrLocked if the vault is locked.
func (c *Client) PlanImport(ctx context.Context, file *parcel.Result) (*imports.Import, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.unlocked == nil {
		return nil, ErrLocked
	}
	return imports.New(ctx, c.unlocked.personal.Replica, importing{c}, file)
}

// importing is the imports.Vault of a client.
type importing struct{ client *Client }

func (i importing) Get(id string) (item.Item, error) { return i.client.Get(id) }

func (i importing) Add(ctx context.Context, items []item.Item, progress func(done, total int)) ([]string, error) {
	return i.client.addMany(ctx, items, progress)
}

func (i importing) Attach(ctx context.Context, id string, f parcel.Attached, quiet bool) error {
	_, err := i.client.attach(ctx, id, f, nil, quiet)
	return err
}

func (i importing) Explain(p parcel.Problem, cause error) parcel.Problem { return caused(p, cause) }

func (i importing) Ends(err error) bool { return ends(err) }

func (i importing) Update(ctx context.Context, ids []string, merge func(id string, stored item.Item) item.Item, done func(id string, why error)) error {
	op, err := i.client.begin(ctx)
	if err != nil {
		return err
	}
	defer op.end()
	v, err := op.loaded()
	if err != nil {
		return err
	}
	for len(ids) > 0 {
		var reasons []error
		if err := op.giveWay(); err != nil {
			return err
		}
		err := op.apply(v, noEdits, func(ch *replica.Change) (err error) {
			reasons, err = updateSome(op.ctx, v, ch, ids, merge)
			return err
		})
		if err != nil {
			return err
		}
		for n, why := range reasons {
			done(ids[n], why)
		}
		ids = ids[len(reasons):]
	}
	return nil
}

// updateSome updates the first of the items, as many as fit into one change. It returns for each why it was not updated; nil: it was.
func updateSome(ctx context.Context, v *vault, ch *replica.Change, ids []string, merge func(string, item.Item) item.Item) ([]error, error) {
	s := outbox.Saving{Replica: v.Replica, Now: time.Now()}
	var out []error
	size := 0
	for _, id := range ids {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		e := v.Verified(id)
		if e == nil {
			out = append(out, ErrNotFound)
			continue
		}
		stored, err := v.Open(e)
		if err != nil {
			return nil, err
		}
		result := merge(id, stored)
		if err := result.Validate(); err != nil {
			out = append(out, err)
			continue
		}
		size += sealedBytes(result)
		if n := ch.Operations(); n > 0 && (size > replica.MaxChangeBytes || n+e.UpdateOperations(true) > replica.MaxOperations) {
			return out, nil
		}
		if err := s.Replace(ch, e, stored, result); err != nil {
			return nil, err
		}
		out = append(out, nil)
	}
	return out, nil
}

// ends reports whether a transfer of many items or files must end after err.
func ends(err error) bool {
	return unreachable(err) || errors.Is(err, ErrLocked) || errors.Is(err, ErrSignedOut)
}

// caused adds the underlying error to a problem.
func caused(p parcel.Problem, err error) parcel.Problem {
	f := Explain(err)
	if p.Cause, p.Err = bridge.Code(f.Code), err; len(f.Findings) > 0 {
		p.Finding = f.Findings[0]
	}
	return p
}
