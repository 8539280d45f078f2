package server

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

const (
	// fullSyncs limits concurrent answers that are larger than a block: each holds memory and a snapshot of the store.
	fullSyncs    = 2
	fullSyncWait = 10 * time.Second
	syncTime     = 5 * time.Minute // a large vault over a slow line
	// A long answer pauses after each block beyond swiftBlocks: on one processor, short requests and the garbage collector
	// would otherwise wait for it.
	swiftBlocks = 16
	blockPause  = time.Millisecond
	// blockBytes limits how much of an answer is in memory. A record is much smaller.
	blockBytes = 256 << 10
)

var errSyncBusy = &vault.Error{
	Code: protocol.CodeUnavailable, Message: "too many concurrent full syncs: try again in a moment", RetryAfter: 5 * time.Second,
}

// syncSlots limits full syncs: fullSyncs at a time, one per session. A user who asks for more waits separately and does not
// hold up others.
type syncSlots struct {
	slots    *semaphore.Weighted
	sessions *shares[vault.SessionHash]
	users    *shares[vault.UserID]
	wait     time.Duration
	patience time.Duration // for a block to be received
}

func newSyncSlots() *syncSlots {
	return &syncSlots{
		slots:    semaphore.NewWeighted(fullSyncs),
		sessions: newShares[vault.SessionHash](1), users: newShares[vault.UserID](fullSyncs),
		wait: fullSyncWait, patience: blockBytes / slowest * time.Second,
	}
}

// take waits for a slot.
func (s *syncSlots) take(ctx context.Context, session vault.Session) (release func(), err error) {
	patience, cancel := context.WithTimeout(ctx, s.wait)
	defer cancel()
	own, all := s.sessions.join(session.Hash), s.users.join(session.UserID)
	held := []*semaphore.Weighted{own.Weighted, all.Weighted, s.slots}
	n := 0
	release = func() {
		for _, h := range held[:n] {
			h.Release(1)
		}
		s.sessions.leave(session.Hash, own)
		s.users.leave(session.UserID, all)
	}
	for _, h := range held {
		if err := h.Acquire(patience, 1); err != nil {
			release()
			return nil, waited(ctx, errSyncBusy)
		}
		n++
	}
	return release, nil
}

// changes answers with the changes of the vault. It reads a small answer completely before it sends it. A larger one takes a
// slot and is sent while it is read; one cheap query tells them apart.
func changes(s *Server, w http.ResponseWriter, r *http.Request, session vault.Session) error {
	since, err := readSince(r)
	if err != nil {
		return err
	}
	small, err := s.vault.Small(r.Context(), session, since, blockBytes/2)
	if err != nil {
		return err
	}
	if !small {
		release, err := s.syncs.take(r.Context(), session)
		if err != nil {
			return err
		}
		defer release()
	}
	a := s.newVaultAnswer(w)
	defer a.free()
	err = s.vault.Changes(r.Context(), session, since, a)
	if err == nil {
		err = a.end()
	}
	if err != nil && a.sent {
		s.lost(r.Context(), err)
		panic(http.ErrAbortHandler) // the client must not mistake the part for the whole
	}
	return err
}

func readSince(r *http.Request) (since int64, err error) {
	query := r.URL.Query()
	if values, ok := query["since"]; ok {
		since, err = strconv.ParseInt(values[0], 10, 64)
		if err != nil || len(values) != 1 || values[0] != strconv.FormatInt(since, 10) {
			return 0, badBody("since must be one integer")
		}
	}
	delete(query, "since")
	for range query {
		return 0, badBody("since is the only parameter")
	}
	return since, nil
}

// vaultAnswer writes a protocol.VaultResponse as encoding/json does, in blocks. It is a vault.ChangeWriter.
type vaultAnswer struct {
	w        http.ResponseWriter
	block    *[]byte
	patience time.Duration
	last     time.Time // when the answer must be complete
	records  int
	blocks   int
	sent     bool // the first block was sent
}

var blocks = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

func (s *Server) newVaultAnswer(w http.ResponseWriter) *vaultAnswer {
	block := blocks.Get().(*[]byte)
	*block = (*block)[:0]
	return &vaultAnswer{w: w, block: block, patience: s.syncs.patience, last: time.Now().Add(syncTime)}
}

func (a *vaultAnswer) free() { blocks.Put(a.block) }

func (a *vaultAnswer) Begin(h vault.Head) error {
	b := append(*a.block, `{"revision":`...)
	b = strconv.AppendInt(b, h.Revision, 10)
	b = appendText(append(b, `,"manifest":`...), h.Manifest)
	*a.block = append(b, `,"records":[`...)
	return nil
}

// recordFrame is more than the size of a record's JSON without its token.
const recordFrame = 256

func (a *vaultAnswer) Write(r protocol.Record) error {
	if len(*a.block)+len(r.Token)+recordFrame > blockBytes {
		if err := a.flush(); err != nil {
			return err
		}
	}
	b := *a.block
	if a.records++; a.records > 1 {
		b = append(b, ',')
	}
	b = appendText(append(b, `{"item_id":`...), r.ItemID)
	b = appendText(append(b, `,"kind":`...), string(r.Kind))
	b = strconv.AppendInt(append(b, `,"version":`...), r.Version, 10)
	b = strconv.AppendInt(append(b, `,"revision":`...), r.Revision, 10)
	if r.Token != "" {
		// A token is most of a record and needs no escapes: vault.Change guarantees base64url.
		b = append(append(append(b, `,"token":"`...), r.Token...), '"')
	}
	if r.Deleted {
		b = append(b, `,"deleted":true`...)
	}
	*a.block = append(b, '}')
	return nil
}

// flush sends the block. A client that receives it too slowly loses its slot.
func (a *vaultAnswer) flush() error {
	out := http.NewResponseController(a.w)
	if !a.sent {
		a.sent = true
		noStore(a.w)
		if err := setDeadline(out.SetReadDeadline, time.Time{}); err != nil { // otherwise it would cut off the answer
			return err
		}
		a.w.Header().Set("Content-Type", "application/json")
		a.w.WriteHeader(http.StatusOK)
	}
	deadline := time.Now().Add(a.patience)
	if deadline.After(a.last) {
		deadline = a.last
	}
	if err := setDeadline(out.SetWriteDeadline, deadline); err != nil {
		return err
	}
	_, err := a.w.Write(*a.block)
	*a.block = (*a.block)[:0]
	if a.blocks++; a.blocks > swiftBlocks {
		time.Sleep(blockPause)
	}
	return err
}

func (a *vaultAnswer) end() error {
	*a.block = append(*a.block, "]}\n"...)
	if !a.sent {
		a.w.Header().Set("Content-Length", strconv.Itoa(len(*a.block)))
	}
	return a.flush()
}

// appendText appends s as a JSON string. It is fast for plain ASCII, which is what clients store.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			quoted, err := json.Marshal(s)
			if err != nil {
				panic("server: " + err.Error()) // a string always encodes
			}
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
