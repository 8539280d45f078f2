package server

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/go-chi/chi/v5"

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
	// blockBytes limits how much of an answer is in memory, after the log. A record is much smaller.
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

// changes answers with what a client is missing of a vault. It reads a small answer completely before it sends it. A larger one takes a
// slot and is sent while it is read; one cheap query tells them apart, once it is known that the caller may read the vault.
func changes(s *Server, w http.ResponseWriter, r *http.Request, session vault.Session) error {
	asked, err := readAsked(r)
	if err != nil {
		return err
	}
	id := chi.URLParam(r, "vault")
	a := vaultAnswer{s.newBlockAnswer(w), func() (bool, error) { return s.vault.Small(r.Context(), id, asked.Since, blockBytes/2) }}
	defer a.free()
	a.slot = func() (func(), error) { return s.syncs.take(r.Context(), session) }
	return s.finish(r, a.blockAnswer, s.vault.Changes(r.Context(), session, id, asked, a))
}

// finish ends an answer, or aborts one that failed after its first block: the client must not mistake the part for the whole.
func (s *Server) finish(r *http.Request, a *blockAnswer, err error) error {
	if err == nil {
		err = a.end()
	}
	if err != nil && a.sent {
		s.lost(r.Context(), err)
		panic(http.ErrAbortHandler)
	}
	return err
}

// readAsked reads the parameters since, after, revision and head. The defaults are those of a client that remembers nothing.
func readAsked(r *http.Request) (vault.Asked, error) {
	asked := vault.Asked{After: -1}
	query := r.URL.Query()
	if heads := query["head"]; len(heads) == 1 && heads[0] != "" {
		asked.Head = heads[0]
		query.Del("head")
	}
	return asked, readNumbers(query, "since, after, revision and head, which is one hash", map[string]*int64{
		"since": &asked.Since, "after": &asked.After, "revision": &asked.Revision,
	})
}

// readNumbers reads parameters that are integers. all names them for an error.
func readNumbers(query url.Values, all string, into map[string]*int64) error {
	for name, values := range query {
		n, known := into[name]
		if !known {
			return badBody("the parameters are %s", all)
		}
		var err error
		if *n, err = strconv.ParseInt(values[0], 10, 64); err != nil || len(values) != 1 || values[0] != strconv.FormatInt(*n, 10) {
			return badBody("%s must be one integer", name)
		}
	}
	return nil
}

// write stores one write of a vault.
func write(s *Server, w http.ResponseWriter, r *http.Request, session vault.Session) error {
	in, err := decode[protocol.WriteRequest](s, w, r, protocol.MaxBodyBytes, session.UserID)
	if err != nil {
		return err
	}
	if err := s.vault.Write(r.Context(), session, chi.URLParam(r, "vault"), in); err != nil {
		return err
	}
	return done(w)
}

// blockAnswer writes the JSON of a large answer in blocks. Its last member is a list.
type blockAnswer struct {
	w        http.ResponseWriter
	block    *[]byte
	patience time.Duration
	last     time.Time // when the answer must be complete
	listed   int       // in the list
	blocks   int
	sent     bool // the first block was sent

	slot    func() (release func(), err error)
	release func() // nil without a slot
}

var blocks = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

func (s *Server) newBlockAnswer(w http.ResponseWriter) *blockAnswer {
	block := blocks.Get().(*[]byte)
	*block = (*block)[:0]
	return &blockAnswer{w: w, block: block, patience: s.syncs.patience, last: time.Now().Add(syncTime)}
}

// takeSlot waits for a slot of a large answer, unless the answer has one.
func (a *blockAnswer) takeSlot() (err error) {
	if a.release == nil {
		a.release, err = a.slot()
	}
	return err
}

func (a *blockAnswer) free() {
	if a.release != nil {
		a.release()
	}
	if cap(*a.block) <= 2*blockBytes { // a long log makes it larger
		blocks.Put(a.block)
	}
}

// next makes room for size bytes and begins the next member of the list.
func (a *blockAnswer) next(size int) error {
	if len(*a.block)+size > blockBytes {
		if err := a.flush(); err != nil {
			return err
		}
	}
	if a.listed++; a.listed > 1 {
		*a.block = append(*a.block, ',')
	}
	return nil
}

// vaultAnswer writes a protocol.VaultAnswer as encoding/json does. It is a vault.AnswerWriter.
type vaultAnswer struct {
	*blockAnswer
	small func() (bool, error) // whether the records are
}

// Log begins the answer. A long log needs a slot too.
func (a vaultAnswer) Log(log protocol.VaultLog) error {
	small, err := a.small()
	if err == nil && !small {
		err = a.takeSlot()
	}
	if err != nil {
		return err
	}
	b, err := json.Marshal(log)
	if err != nil {
		return err
	}
	*a.block = append(append((*a.block)[:0], b[:len(b)-1]...), `,"records":[`...)
	if len(b) > blockBytes {
		return a.takeSlot()
	}
	return nil
}

// recordFrame is more than the size of a record's JSON without its token.
const recordFrame = 320

func (a vaultAnswer) Write(r protocol.VaultRecord) error {
	if err := a.next(len(r.Token) + recordFrame); err != nil {
		return err
	}
	b := *a.block
	// None of these texts needs escapes: they are base64url, or the word of a kind.
	b = appendPlain(b, `{"item_id":`, r.ItemID)
	b = appendPlain(b, `,"kind":`, string(r.Kind))
	b = strconv.AppendInt(append(b, `,"version":`...), r.Version, 10)
	if r.Epoch != 0 {
		b = strconv.AppendInt(append(b, `,"epoch":`...), r.Epoch, 10)
	}
	b = strconv.AppendInt(append(b, `,"revision":`...), r.Revision, 10)
	if r.Token != "" {
		b = appendPlain(b, `,"token":`, r.Token)
	}
	if r.Hash != "" {
		b = appendPlain(b, `,"hash":`, r.Hash)
	}
	if r.Deleted {
		b = append(b, `,"deleted":true`...)
	}
	*a.block = append(b, '}')
	return nil
}

func appendPlain(b []byte, name, text string) []byte {
	b = append(append(b, name...), '"')
	return append(append(b, text...), '"')
}

// flush sends the block. A client that receives it too slowly loses its slot.
func (a *blockAnswer) flush() error {
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

func (a *blockAnswer) end() error {
	*a.block = append(*a.block, "]}\n"...)
	if !a.sent {
		a.w.Header().Set("Content-Length", strconv.Itoa(len(*a.block)))
	}
	return a.flush()
}
