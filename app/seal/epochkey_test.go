package seal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealtest"
)

func fixedEpochKey(name string) EpochKey { return EpochKey{sealing.Of(sealtest.Fixed(name))} }

func fixedRecordPlace() RecordPlace {
	return RecordPlace{fixedID("vault"), 3, fixedID("item"), chain.RecordDetails, 7}
}

func TestRecordsOfAllKindsAreSealed(t *testing.T) {
	t.Parallel()
	k := fixedEpochKey("epoch")
	for kind := chain.RecordOverview; kind <= chain.RecordGrant; kind++ {
		for _, r := range []Record{
			{Content: []byte{}}, {Content: []byte("content")}, {Content: bytes.Repeat([]byte{0}, 1000)},
			{Origin{fixedID("author"), 5}, []byte("content")}, {Origin{fixedID("author"), chain.MaxNumber}, []byte{}},
		} {
			p := fixedRecordPlace()
			p.Kind = kind
			token, err := k.Seal(p, r)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := k.Open(p, token); err != nil || !bytes.Equal(got.Content, r.Content) || got.Origin != r.Origin {
				t.Errorf("kind %d: %v, %v", kind, got, err)
			}
		}
	}
}

func TestRecordTokensHaveOneSpelling(t *testing.T) {
	t.Parallel()
	k, p := fixedEpochKey("epoch"), fixedRecordPlace()
	token, err := k.Seal(p, Record{Content: []byte("content")})
	if err != nil {
		t.Fatal(err)
	}
	refusesOtherSpellings(t, token, func(s string) error { _, err := k.Open(p, s); return err }, ErrAltered)
}

// movedPlaces has a place for each field in which it differs from p.
func movedPlaces(p RecordPlace) map[string]RecordPlace {
	vault, epoch, item, kind, version := p, p, p, p, p
	vault.Vault, item.Item = fixedID("other"), fixedID("other")
	epoch.Epoch++
	kind.Kind = chain.RecordOverview
	version.Version--
	return map[string]RecordPlace{"another vault": vault, "another epoch": epoch, "another item": item, "another kind": kind, "another version": version}
}

func TestRecordsOpenOnlyInTheirPlace(t *testing.T) {
	t.Parallel()
	k, p := fixedEpochKey("epoch"), fixedRecordPlace()
	token, err := k.Seal(p, Record{Content: []byte("content")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fixedEpochKey("other").Open(p, token); !errors.Is(err, ErrAltered) {
		t.Errorf("another key: %v", err)
	}
	for name, moved := range movedPlaces(p) {
		var named *RecordError
		if _, err := k.Open(moved, token); !errors.Is(err, ErrAltered) || !errors.As(err, &named) || named.Place != moved {
			t.Errorf("%s: %v", name, err)
		}
		// The key of the place that is asked for, around a plaintext of another place.
		forged := sealtest.Forge(t, k.Records().key(moved), pad(recordHead(p, Origin{}), []byte("content")))
		if got, err := k.Open(moved, forged); got.Content != nil || !errors.Is(err, ErrMisplaced) || !errors.As(err, &named) || named.Place != moved {
			t.Errorf("%s inside: %v", name, err)
		}
	}
}

func TestInvalidPlacesAreRefused(t *testing.T) {
	t.Parallel()
	k := fixedEpochKey("epoch")
	token, err := k.Seal(fixedRecordPlace(), Record{})
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*RecordPlace){
		"no vault":     func(p *RecordPlace) { p.Vault = chain.ID{} },
		"no item":      func(p *RecordPlace) { p.Item = chain.ID{} },
		"epoch 0":      func(p *RecordPlace) { p.Epoch = 0 },
		"version 0":    func(p *RecordPlace) { p.Version = 0 },
		"kind 0":       func(p *RecordPlace) { p.Kind = 0 },
		"kind unknown": func(p *RecordPlace) { p.Kind = chain.RecordGrant + 1 },
		"attachment":   func(p *RecordPlace) { p.Kind = chain.Attachment },
	} {
		p := fixedRecordPlace()
		change(&p)
		if _, err := k.Seal(p, Record{}); !errors.Is(err, ErrBadPlace) {
			t.Errorf("seal, %s: %v", name, err)
		}
		if _, err := k.Open(p, token); !errors.Is(err, ErrBadPlace) {
			t.Errorf("open, %s: %v", name, err)
		}
		valid := fixedRecordPlace()
		if _, err := k.Open(valid, sealtest.Forge(t, k.Records().key(valid), pad(recordHead(p, Origin{}), nil))); !errors.Is(err, ErrAltered) {
			t.Errorf("inside, %s: %v", name, err)
		}
	}
	for _, o := range []Origin{{fixedID("author"), 0}, {chain.ID{}, 1}, {fixedID("author"), chain.MaxNumber + 1}, {fixedID("author"), -1}} {
		if _, err := k.Seal(fixedRecordPlace(), Record{Origin: o}); !errors.Is(err, ErrBadPlace) {
			t.Errorf("origin %v: %v", o, err)
		}
	}
}

// A holder of the epoch key can seal any plaintext.
func TestMalformedRecordsAreAltered(t *testing.T) {
	t.Parallel()
	k, p := fixedEpochKey("epoch"), fixedRecordPlace()
	const origin = 2 + 41
	valid := pad(recordHead(p, Origin{fixedID("author"), 5}), []byte("content"))
	bad := malformed(valid, map[string]int{
		"format": 0, "type": 1, "origin flag": origin, "origin revision": origin + 1 + 16, "length": origin + 1 + 24, "padding": len(valid) - 1,
	})
	without := pad(recordHead(p, Origin{}), []byte("content"))
	without[origin] = 2
	bad["origin flag 2"] = without
	nobody := bytes.Clone(valid)
	clear(nobody[origin+1 : origin+1+16])
	bad["origin without author"] = nobody
	never := bytes.Clone(valid)
	clear(never[origin+1+16 : origin+1+24])
	bad["origin at revision 0"] = never
	bad["not padded"] = append(recordHead(p, Origin{}), 0, 0, 0, 0)
	bad["padded to another bucket"] = append(bytes.Clone(valid), make([]byte, 64)...)
	for name, b := range bad {
		if got, err := k.Open(p, sealtest.Forge(t, k.Records().key(p), b)); got.Content != nil || !errors.Is(err, ErrAltered) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRecordsHaveALimit(t *testing.T) {
	t.Parallel()
	k, p := fixedEpochKey("epoch"), fixedRecordPlace()
	largest := sealing.MaxCiphertext - 1 - len(recordHead(p, Origin{})) - sealing.LengthSize
	token, err := k.Seal(p, Record{Content: make([]byte, largest)})
	if err != nil || len(token) > protocol.MaxTokenBytes {
		t.Fatalf("%d characters, %v", len(token), err)
	}
	if got, err := k.Open(p, token); err != nil || len(got.Content) != largest {
		t.Errorf("%d bytes, %v", len(got.Content), err)
	}
	var named *RecordError
	for _, n := range []int{largest + 1, 1 << 20} {
		if _, err := k.Seal(p, Record{Content: make([]byte, n)}); !errors.Is(err, ErrTooLarge) || !errors.As(err, &named) || named.Place != p {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

// fixedPrevious has the keys of the epochs 2 and 1, for an entry of epoch 3.
func fixedPrevious() []PreviousKey {
	return []PreviousKey{{2, fixedEpochKey("epoch 2")}, {1, fixedEpochKey("epoch 1")}}
}

func commitments(vault chain.ID, keys []PreviousKey) func(uint32) (chain.Hash, bool) {
	all := map[uint32]chain.Hash{}
	for _, k := range keys {
		all[k.Epoch] = k.Key.Commitment(vault, k.Epoch)
	}
	return func(epoch uint32) (chain.Hash, bool) { h, ok := all[epoch]; return h, ok }
}

func TestTokenLengthRevealsLittle(t *testing.T) {
	t.Parallel()
	k, p := fixedEpochKey("epoch"), fixedRecordPlace()
	sizes := map[int]bool{}
	for n := range 40000 {
		if n > 2000 && n%97 != 0 {
			continue
		}
		token, err := k.Seal(p, Record{Content: make([]byte, n)})
		if err != nil {
			t.Fatal(err)
		}
		sizes[len(token)] = true
		if n <= 207 && len(token) != 420 {
			t.Errorf("%d bytes make %d characters, want 420 as for any short content", n, len(token))
		}
		if n > 512 && len(token) > n*4/3*5/4+200 {
			t.Errorf("%d bytes make %d characters, over a quarter more", n, len(token))
		}
	}
	if len(sizes) > 30 {
		t.Errorf("%d different lengths, want 30 at most", len(sizes))
	}
}

func TestPreviousKeysAreSealed(t *testing.T) {
	t.Parallel()
	vault, k := fixedID("vault"), fixedEpochKey("epoch 3")
	for _, keys := range [][]PreviousKey{fixedPrevious(), fixedPrevious()[:1], fixedPrevious()[1:]} {
		token, err := k.SealPrevious(vault, 3, keys)
		if err != nil {
			t.Fatal(err)
		}
		open := func(s string) ([]PreviousKey, error) { return k.OpenPrevious(vault, 3, s, commitments(vault, keys)) }
		got, err := open(token)
		if err != nil || len(got) != len(keys) {
			t.Fatalf("%d keys, %v", len(got), err)
		}
		for i := range got {
			if got[i].Epoch != keys[i].Epoch || !got[i].Key.Equal(keys[i].Key) {
				t.Errorf("key %d is another", i)
			}
		}
		refusesOtherSpellings(t, token, func(s string) error { _, err := open(s); return err }, ErrAltered)
	}
}

func TestPreviousKeysOpenForTheirVaultAndEpoch(t *testing.T) {
	t.Parallel()
	vault, other, k, keys := fixedID("vault"), fixedID("other"), fixedEpochKey("epoch 3"), fixedPrevious()
	token, err := k.SealPrevious(vault, 3, keys)
	if err != nil {
		t.Fatal(err)
	}
	moved := func(vault chain.ID, epoch uint32) string {
		return sealtest.Forge(t, k.previousKey(vault, epoch), (&previousKeys{fixedID("vault"), 3, keys}).encode())
	}
	for name, c := range map[string]struct {
		key   EpochKey
		vault chain.ID
		epoch uint32
		token string
		want  error
	}{
		"another key":          {fixedEpochKey("other"), vault, 3, token, ErrAltered},
		"another vault":        {k, other, 3, token, ErrAltered},
		"another epoch":        {k, vault, 4, token, ErrAltered},
		"another vault inside": {k, other, 3, moved(other, 3), ErrMisplaced},
		"another epoch inside": {k, vault, 4, moved(vault, 4), ErrMisplaced},
	} {
		var named *EpochError
		got, err := c.key.OpenPrevious(c.vault, c.epoch, c.token, commitments(c.vault, keys))
		if got != nil || !errors.Is(err, c.want) || !errors.As(err, &named) || named.Epoch != c.epoch {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBadPreviousKeysAreNamedAndOthersReturned(t *testing.T) {
	t.Parallel()
	vault, k, keys := fixedID("vault"), fixedEpochKey("epoch 3"), fixedPrevious()
	committed := commitments(vault, keys)
	unknown := func(epoch uint32) (chain.Hash, bool) {
		h, _ := committed(epoch)
		return h, epoch != 2
	}
	for name, c := range map[string]struct {
		keys       []PreviousKey
		commitment func(uint32) (chain.Hash, bool)
	}{
		"another key":          {[]PreviousKey{{2, fixedEpochKey("wrong")}, keys[1]}, committed},
		"epoch not in the log": {keys, unknown},
	} {
		token, err := k.SealPrevious(vault, 3, c.keys)
		if err != nil {
			t.Fatal(err)
		}
		var named *EpochError
		got, err := k.OpenPrevious(vault, 3, token, c.commitment)
		if !errors.Is(err, ErrCommitment) || !errors.As(err, &named) || named.Epoch != 2 || !strings.Contains(err.Error(), "epoch 2") {
			t.Errorf("%s: %v", name, err)
		}
		if len(got) != 1 || got[0].Epoch != 1 || !got[0].Key.Equal(keys[1].Key) {
			t.Errorf("%s: %d keys", name, len(got))
		}
	}
	token, err := k.SealPrevious(vault, 3, []PreviousKey{{2, fixedEpochKey("wrong 2")}, {1, fixedEpochKey("wrong 1")}})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := k.OpenPrevious(vault, 3, token, committed); len(got) != 0 || !strings.Contains(err.Error(), "epoch 1 ") || !strings.Contains(err.Error(), "epoch 2 ") {
		t.Errorf("two bad keys: %v", err)
	}
}

func TestPreviousKeysMustDescend(t *testing.T) {
	t.Parallel()
	vault, k := fixedID("vault"), fixedEpochKey("epoch 3")
	key := func(epoch uint32) PreviousKey { return PreviousKey{epoch, fixedEpochKey("epoch 1")} }
	for name, c := range map[string]struct {
		vault chain.ID
		keys  []PreviousKey
	}{
		"no vault":      {chain.ID{}, fixedPrevious()},
		"no keys":       {vault, nil},
		"ascending":     {vault, []PreviousKey{key(1), key(2)}},
		"twice":         {vault, []PreviousKey{key(2), key(2)}},
		"the own epoch": {vault, []PreviousKey{key(3), key(1)}},
		"a later epoch": {vault, []PreviousKey{key(4)}},
		"epoch 0":       {vault, []PreviousKey{key(1), key(0)}},
	} {
		if _, err := k.SealPrevious(c.vault, 3, c.keys); !errors.Is(err, ErrBadPlace) {
			t.Errorf("seal, %s: %v", name, err)
		}
		forged := sealtest.Forge(t, k.previousKey(vault, 3), (&previousKeys{c.vault, 3, c.keys}).encode())
		if got, err := k.OpenPrevious(vault, 3, forged, commitments(vault, c.keys)); got != nil || !errors.Is(err, ErrAltered) {
			t.Errorf("open, %s: %v", name, err)
		}
	}
	valid := (&previousKeys{vault, 3, fixedPrevious()}).encode()
	bad := malformed(valid, map[string]int{"format": 0, "type": 1, "count": 22, "epoch of a key": 24})
	zero := bytes.Clone(valid)
	clear(zero[28:60])
	bad["zero key"] = zero
	for name, b := range bad {
		if got, err := k.OpenPrevious(vault, 3, sealtest.Forge(t, k.previousKey(vault, 3), b), commitments(vault, fixedPrevious())); got != nil || !errors.Is(err, ErrAltered) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// previousTo returns the keys of n epochs.
func previousTo(n uint32) []PreviousKey {
	var keys []PreviousKey
	for epoch := n; epoch > 0; epoch-- {
		b := sealtest.Fixed("epoch")
		binary.BigEndian.PutUint32(b[:], epoch)
		keys = append(keys, PreviousKey{epoch, EpochKey{sealing.Of(b)}})
	}
	return keys
}

func TestTheMostPreviousKeysFitIntoALogEntry(t *testing.T) {
	t.Parallel()
	vault, k, keys := fixedID("vault"), fixedEpochKey("epoch"), previousTo(MaxPreviousKeys)
	token, err := k.SealPrevious(vault, MaxPreviousKeys+1, keys)
	if err != nil || len(token) > chain.MaxPreviousKeys {
		t.Fatalf("%d characters, %v", len(token), err)
	}
	if got, err := k.OpenPrevious(vault, MaxPreviousKeys+1, token, commitments(vault, keys)); err != nil || len(got) != MaxPreviousKeys {
		t.Errorf("%d keys, %v", len(got), err)
	}
	const above = MaxPreviousKeys + 2
	if _, err := k.SealPrevious(vault, above, previousTo(above-1)); !errors.Is(err, ErrBadPlace) {
		t.Errorf("too many: %v", err)
	}
	forged := sealtest.Forge(t, k.previousKey(vault, above), (&previousKeys{vault, above, previousTo(above - 1)}).encode())
	if _, err := k.OpenPrevious(vault, above, forged, commitments(vault, keys)); !errors.Is(err, ErrAltered) {
		t.Errorf("too many, opened: %v", err)
	}
}

func TestChunksOpenOnlyInTheirPlace(t *testing.T) {
	t.Parallel()
	k, c, content := AttachmentKey{sealing.Of(sealtest.Fixed("attachment key"))}, Chunk{fixedID("attachment"), 2, 3}, []byte("the second of three")
	token, err := k.Seal(c, content)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := k.Open(c, token); err != nil || !bytes.Equal(got, content) {
		t.Errorf("%q, %v", got, err)
	}
	refusesOtherSpellings(t, token, func(s string) error { _, err := k.Open(c, s); return err }, ErrAltered)
	if _, err := (AttachmentKey{sealing.Of(sealtest.Fixed("other"))}).Open(c, token); !errors.Is(err, ErrAltered) {
		t.Errorf("another key: %v", err)
	}
	for name, moved := range map[string]Chunk{
		"another attachment": {fixedID("other"), 2, 3}, "another number": {c.Attachment, 1, 3}, "another count": {c.Attachment, 2, 2},
	} {
		var named *ChunkError
		if _, err := k.Open(moved, token); !errors.Is(err, ErrAltered) || !errors.As(err, &named) || named.Chunk != moved {
			t.Errorf("%s: %v", name, err)
		}
		if got, err := k.Open(moved, sealtest.Forge(t, k.chunkKey(moved), pad(c.head(), content))); got != nil || !errors.Is(err, ErrMisplaced) || !errors.As(err, &named) {
			t.Errorf("%s inside: %v", name, err)
		}
	}
	valid := pad(c.head(), content)
	for name, b := range malformed(valid, map[string]int{"format": 0, "type": 1, "number": 18, "count": 22, "length": 26, "padding": len(valid) - 1}) {
		if got, err := k.Open(c, sealtest.Forge(t, k.chunkKey(c), b)); got != nil || !errors.Is(err, ErrAltered) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestChunksHaveLimits(t *testing.T) {
	t.Parallel()
	k, id := NewAttachmentKey(), fixedID("attachment")
	full := Chunk{id, protocol.MaxChunks, protocol.MaxChunks}
	token, err := k.Seal(full, make([]byte, ChunkBytes))
	if err != nil || len(token) > protocol.MaxChunkTokenBytes {
		t.Fatalf("%d characters, %v", len(token), err)
	}
	if got, err := k.Open(full, token); err != nil || len(got) != ChunkBytes {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if _, err := k.Seal(full, make([]byte, ChunkBytes+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
	for name, c := range map[string]Chunk{
		"no attachment": {chain.ID{}, 1, 1}, "number 0": {id, 0, 1}, "number above count": {id, 2, 1}, "count 0": {id, 0, 0},
		"count above the limit": {id, 1, protocol.MaxChunks + 1},
	} {
		if _, err := k.Seal(c, nil); !errors.Is(err, ErrBadPlace) {
			t.Errorf("seal, %s: %v", name, err)
		}
		if _, err := k.Open(c, token); !errors.Is(err, ErrBadPlace) {
			t.Errorf("open, %s: %v", name, err)
		}
	}
}

func TestAttachmentKeysHaveOneSpelling(t *testing.T) {
	t.Parallel()
	k := AttachmentKey{sealing.Of(sealtest.Fixed("attachment key"))}
	text := k.Encode()
	if got, err := ParseAttachmentKey(text); err != nil || !got.Equal(k) {
		t.Errorf("%v", err)
	}
	for name, s := range map[string]string{
		"empty": "", "truncated": text[:42], "trailing byte": text + "A", "padded": text + "=", "line break": text[:20] + "\n" + text[21:],
		"trailing line": text[:42] + "\n", "31 bytes and a line": strings.Repeat("B", 41) + "A\n", "stray bits": strayBits(text + "=")[:43], "standard alphabet": "+" + text[1:], "zero key": strings.Repeat("A", 43),
	} {
		if _, err := ParseAttachmentKey(s); !errors.Is(err, ErrWrongKey) || s == text {
			t.Errorf("%s: %v", name, err)
		}
	}
}
