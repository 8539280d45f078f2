package outbox

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/strictjson"
)

// The outbox on a device is a sequence of chunks: the first holds all changes, each later chunk a splice of the list before it. A
// change thus writes what it adds and not the whole outbox.

// Outbox is the list of changes, the oldest first, and what is known of its chunks on this device.
type Outbox struct {
	Changes []Change
	Stamp   string // of the newest chunk; empty: there is none

	digest string // of the newest
	chunks int
	whole  int // bytes of the first
	more   int // bytes of the others
}

// storedChunk is one chunk. The number of changes can be read without the key.
type storedChunk struct {
	Changes int    `json:"changes"` // with this chunk
	Token   string `json:"token"`
}

// splice is the plaintext of all chunks but the first.
type splice struct {
	Before string   `json:"before"` // chunkDigest of the chunk that it follows
	At     int      `json:"at"`
	Cut    int      `json:"cut"` // removed changes
	Put    []Change `json:"put"`
}

// chunkDigest binds a chunk to the previous one, so no chunk can be left out or moved.
func chunkDigest(chunk []byte) string {
	sum := sha256.Sum256(chunk)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Owner is whose outbox it is.
type Owner struct {
	User   chain.ID
	Key    seal.AccountKey
	Former []seal.AccountKey // which may have sealed older chunks
	// Owns reports whether a change of an item with this name may be in the outbox. A device can be made to confuse two outboxes of one
	// owner, and the changes of one vault must not reach the members of another.
	Owns func(name string) bool
}

func (o Owner) seal(plaintext []byte) (string, error) {
	return o.Key.SealOnDevice(seal.UseOutbox, o.User, plaintext)
}

// Open opens what the owner sealed on this device.
func (o Owner) Open(token string) ([]byte, error) { return o.OpenAs(seal.UseOutbox, token) }

// OpenAs opens what this device sealed for another use, under the present key or one before.
func (o Owner) OpenAs(use seal.DeviceUse, token string) ([]byte, error) {
	plaintext, err := o.Key.OpenOnDevice(use, o.User, token)
	for _, former := range o.Former {
		if err == nil {
			break
		}
		plaintext, err = former.OpenOnDevice(use, o.User, token)
	}
	return plaintext, err
}

// Open opens the chunks of an outbox. On an error it still returns the state of the chunks.
func Open(owner Owner, stamp string, chunks [][]byte) (Outbox, error) {
	o := Outbox{Stamp: stamp, chunks: len(chunks)}
	for i, c := range chunks {
		if i == 0 {
			o.whole = len(c)
		} else {
			o.more += len(c)
		}
	}
	if o.chunks > 0 {
		o.digest = chunkDigest(chunks[o.chunks-1])
	}
	changes, err := openAll(owner, chunks)
	if err != nil {
		return o, err
	}
	o.Changes = changes
	return o, nil
}

func openAll(owner Owner, chunks [][]byte) ([]Change, error) {
	var changes []Change
	for i, chunk := range chunks {
		if i == 0 {
			if err := openChunk(owner, chunk, &changes); err != nil {
				return nil, err
			}
			continue
		}
		var s splice
		if err := openChunk(owner, chunk, &s); err != nil {
			return nil, err
		}
		if s.Before != chunkDigest(chunks[i-1]) || s.At < 0 || s.Cut < 0 || s.Cut > len(changes)-s.At {
			return nil, errors.New("a part is missing or out of place")
		}
		changes = slices.Replace(changes, s.At, s.At+s.Cut, s.Put...)
	}
	if slices.ContainsFunc(changes, func(q Change) bool { return !owner.Owns(q.ID) || !owner.Owns(q.Key) }) {
		return nil, errors.New("it is of another vault")
	}
	return changes, nil
}

func openChunk(owner Owner, chunk []byte, out any) error {
	var stored storedChunk
	if err := decodeStrict(chunk, &stored); err != nil {
		return err
	}
	plaintext, err := owner.Open(stored.Token)
	if err != nil {
		return err
	}
	return decodeStrict(plaintext, out)
}

func sealChunk(owner Owner, changes int, in any) ([]byte, error) {
	plaintext, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("encode the outbox: %w", err)
	}
	token, err := owner.seal(plaintext)
	clear(plaintext)
	if err != nil {
		return nil, fmt.Errorf("write the outbox: %w", err)
	}
	return json.Marshal(storedChunk{changes, token})
}

// maxChunks bounds the number of small chunks on a device.
const maxChunks = 1000

// full reports whether to rewrite the chunks as one: the later chunks have outgrown the first, or the outbox may soon exceed one
// chunk. It must always fit into one, because sending marks every change.
func (o Outbox) full() bool {
	return o.chunks == 0 || o.chunks >= maxChunks || o.more > o.whole || o.whole+o.more > seal.MaxDeviceBytes
}

// With returns the outbox with other changes, and the chunk that makes it so on the device: it follows the others or, if replace is
// true, stands for all of them. Its stamp is the caller's choice. A nil chunk means that nothing changes.
func (o Outbox) With(owner Owner, changes []Change, stamp string) (next Outbox, chunk []byte, replace bool, err error) {
	s := difference(o.Changes, changes)
	if s.nothing() {
		o.Changes = changes
		return o, nil, false, nil
	}
	s.Before = o.digest
	in := any(s)
	replace = o.full() || len(s.Put) > len(changes)/2 || len(changes) == 0
	if replace {
		in = changes
	}
	if chunk, err = sealChunk(owner, len(changes), in); err != nil {
		return o, nil, false, err
	}
	next = Outbox{Changes: changes, Stamp: stamp, digest: chunkDigest(chunk), chunks: o.chunks + 1, whole: o.whole, more: o.more + len(chunk)}
	if replace {
		next.chunks, next.whole, next.more = 1, len(chunk), 0
	}
	return next, chunk, replace, nil
}

// difference returns the splice that turns before into after.
func difference(before, after []Change) splice {
	at := 0
	for at < len(before) && at < len(after) && before[at] == after[at] {
		at++
	}
	end := 0
	for end < len(before)-at && end < len(after)-at && before[len(before)-1-end] == after[len(after)-1-end] {
		end++
	}
	return splice{At: at, Cut: len(before) - end - at, Put: after[at : len(after)-end]}
}

func (s splice) nothing() bool { return s.Cut == 0 && len(s.Put) == 0 }

// Show applies the changes to what the replica shows, where they differ from those before.
func (o Outbox) Show(r *replica.Replica, before []Change) {
	s := difference(before, o.Changes)
	var touched []string
	for _, q := range slices.Concat(before[s.At:s.At+s.Cut], s.Put) {
		touched = append(touched, q.ID)
	}
	newest := func(id string) (*replica.Contents, bool) {
		if i := Last(o.Changes, id); i >= 0 {
			return o.Changes[i].After, true
		}
		return nil, false
	}
	if len(touched) > 1 {
		byID := make(map[string]*replica.Contents, len(o.Changes))
		for _, q := range o.Changes {
			byID[q.ID] = q.After
		}
		newest = func(id string) (*replica.Contents, bool) {
			after, ok := byID[id]
			return after, ok
		}
	}
	r.Overlay(touched, newest)
}

// Count returns the number of changes in the chunks of an outbox. It needs no key.
func Count(chunks [][]byte) (int, error) {
	if len(chunks) == 0 {
		return 0, nil
	}
	var stored storedChunk
	if err := decodeStrict(chunks[len(chunks)-1], &stored); err != nil {
		return 0, fmt.Errorf("the outbox is damaged: %w", err)
	}
	return stored.Changes, nil
}

// decodeStrict accepts exactly what an earlier run on this device writes.
func decodeStrict(text []byte, out any) error {
	return strictjson.Form{Name: "the text"}.Unmarshal(text, out)
}
