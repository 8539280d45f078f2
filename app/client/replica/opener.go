package replica

import (
	"errors"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// opener opens and seals the records of a vault. A copy of it may be used while the replica gets another.
type opener struct {
	vault   chain.ID
	keys    map[uint32]seal.EpochKey // by epoch; never written to
	records map[uint32]seal.RecordKeys
	plain   *plaintexts
}

// ErrNoEpochKey: the log does not carry the key under which a record is sealed.
var ErrNoEpochKey = errors.New("the key of its epoch is missing")

// set replaces the keys.
func (o *opener) set(keys map[uint32]seal.EpochKey) {
	o.keys, o.records = keys, make(map[uint32]seal.RecordKeys, len(keys))
	for epoch, key := range keys {
		o.records[epoch] = key.Records()
	}
}

func (o opener) place(id chain.ID, kind chain.RecordKind, r sealed) seal.RecordPlace {
	return seal.RecordPlace{Vault: o.vault, Epoch: r.epoch, Item: id, Kind: kind, Version: r.version}
}

// openRecord opens a record, unless the running change has opened or sealed it.
func (o opener) openRecord(id chain.ID, kind chain.RecordKind, r sealed) ([]byte, error) {
	at := o.place(id, kind, r)
	if content, known := o.plain.get(at, r.token); known {
		return content, nil
	}
	key, ok := o.records[r.epoch]
	if !ok {
		return nil, fmt.Errorf("record of item %s: %w", id, ErrNoEpochKey)
	}
	opened, err := key.Open(at, r.token)
	if err != nil {
		return nil, err
	}
	o.plain.add(at, r.token, opened.Content)
	return opened.Content, nil
}

// sealRecord seals content under the key of an epoch.
func (o opener) sealRecord(id chain.ID, kind chain.RecordKind, version, epoch uint32, content []byte) (sealed, error) {
	r := sealed{version: version, epoch: epoch}
	at := o.place(id, kind, r)
	key, ok := o.records[epoch]
	if !ok {
		return r, ErrNoEpochKey
	}
	var err error
	if r.token, err = key.Seal(at, seal.Record{Content: content}); err != nil {
		return r, fmt.Errorf("seal record: %w", err)
	}
	o.plain.add(at, r.token, content)
	return r, nil
}

func (o opener) wipe() {
	for epoch, key := range o.keys {
		records := o.records[epoch]
		key.Wipe()
		records.Wipe()
		o.keys[epoch], o.records[epoch] = key, records
	}
}
