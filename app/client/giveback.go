package client

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// A server whose newest write is a predecessor of this device's was restored from a backup, or lies. In both cases the device sends
// again what follows: the signed writes and entries, and sealed tokens, that the server had before. A liar learns nothing from that which
// it did not have, and an honest server is back where it was. Only if the device cannot lead the server back, there is an alarm.

// Resent says that this device led a restored server back.
type Resent struct {
	Since  int64 `json:"since"` // when the first change was signed that was sent again, by its author's clock, Unix milliseconds
	Writes int   `json:"writes"`

	lost []string // ids of attachments whose content the server lost
}

// maxPart bounds a request, without the statement.
const maxPart = protocol.MaxBodyBytes - 1024

// errAhead: this device cannot lead the server back.
var errAhead = errors.New("what the server lost is not on this device")

// part is what is sent in one request, and leads to a state with a complete root.
type part struct {
	chain.Part
	request protocol.ResendRequest // without the statement
	write   chain.Hash             // of the newest write
	entry   *chain.Entry           // the newest
}

// giveBack leads a restored server to the state that this device remembers. It returns errAhead if it cannot.
func (op *operation) giveBack(v *vault) (*Resent, error) {
	seen, err := v.seen()
	if err == nil {
		err = op.holds(v, seen)
	}
	if err != nil {
		return nil, err
	}
	steps, err := op.openHistory(v)
	if err != nil {
		return nil, err
	}
	done := &Resent{}
	for try := range maxAttempts {
		server, complete, err := op.resendState(v, seen, try == 0)
		if err != nil || complete {
			return done, err // another device was faster, or this was the last part
		}
		next, err := op.nextPart(v, &steps, seen, server)
		if err != nil {
			return nil, err
		}
		v.resends.last = &server
		lost, err := op.sendPart(v, next, server.Nonce)
		if hasCode(err, protocol.CodeRevisionConflict) || hasCode(err, protocol.CodeConflict) {
			continue // another device was faster
		}
		if err != nil {
			return nil, err
		}
		done.add(next, lost)
	}
	return nil, ErrBusy
}

// resendState returns what the server has, and whether it says that it has all. It returns errAhead if a server in this state gets nothing:
// see resendLimit.
func (op *operation) resendState(v *vault, seen chain.State, first bool) (server protocol.ResendState, complete bool, err error) {
	if err = op.call(methodGet, vaultPath(v, protocol.PathVaultResend), nil, &server); err != nil {
		return server, false, err
	}
	complete = server.Revision == seen.Revision && server.Sequence == seen.Entry.Sequence
	if !complete && !v.resends.allows(server, first) {
		err = errAhead
	}
	return server, complete, err
}

// resendLimit bounds how often a server gets what it does not keep. To the device, one that drops what it takes looks like one that was
// restored once more. So the device tries again with the next two syncs, and then with every second, fourth, eighth: an honest server is led
// back without a person's help, and one that asks a million times gets it about twenty times.
type resendLimit struct {
	last       *protocol.ResendState // when something was last sent; nil: nothing since the server last showed all
	skip, next int                   // syncs to skip before the next try, and after it
}

// allows reports whether a server gets what it says it lacks. first: it was not asked before in this sync.
func (l *resendLimit) allows(server protocol.ResendState, first bool) bool {
	switch {
	case l.last == nil || ahead(server, *l.last):
		return true
	case !first: // it has not kept what it took a moment ago
		return false
	case l.skip > 0:
		l.skip--
		return false
	}
	l.skip, l.next = l.next, 2*l.next+1
	return true
}

// ahead reports whether a server has more than before. A server that loses writes while it gains entries could go around in a circle.
func ahead(now, before protocol.ResendState) bool {
	return now.Revision >= before.Revision && now.Sequence >= before.Sequence &&
		(now.Revision > before.Revision || now.Sequence > before.Sequence)
}

func (r *Resent) add(p *part, lost []string) {
	if r.Since == 0 && len(p.Writes) > 0 {
		r.Since = p.Writes[0].Time
	}
	r.Writes += len(p.Writes)
	r.lost = append(r.lost, lost...)
}

// leadBack answers an alarm: it leads a restored server back, and pulls again. If the server cannot be led back, or shows another history
// again, it raises the alarm. The session may have ended with a password that was replaced.
func (op *operation) leadBack(v *vault, alarm error) error {
	resent, err := op.giveBack(v)
	if op.ctx.Err() != nil {
		return op.ctx.Err()
	}
	if err != nil {
		return op.raise(v, alarm)
	}
	if err = op.noteResent(v, resent); err == nil {
		err = op.pull(v, false)
	}
	if raises(err) {
		return op.raise(v, err)
	}
	return err
}

// Resent returns what this device sent again to a restored server since a Sync last said so; nil if nothing. A sign-in can send something
// again, and fail.
func (c *Client) Resent(ctx context.Context) (*Resent, error) {
	op, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer op.end()
	return op.resent, nil
}

func (op *operation) noteResent(v *vault, r *Resent) error {
	if r.Writes > 0 {
		op.resent = r
	}
	return op.rememberLost(v, slices.Concat(v.remembered.Lost, r.lost))
}

// rememberLost remembers which attachments have no content at the server, until no item has them. The user may not look at the device
// when it learns of them.
func (op *operation) rememberLost(v *vault, lost []string) error {
	lost = slices.Sorted(slices.Values(lost))
	lost = slices.Compact(lost)
	next := v.remembered
	next.Lost = lost[:min(len(lost), chain.MaxOperations)]
	if next.Equal(v.remembered) {
		return nil
	}
	if err := op.memory.Store(v.user.String(), next); err != nil {
		return fmt.Errorf("store what this device remembers: %w", err)
	}
	v.remembered = next
	return nil
}

// LostFile is an attachment whose content a restored server lost. It must be attached again: no device keeps the content.
type LostFile struct {
	ID    string `json:"id"`
	Item  string `json:"item"`  // its id
	Title string `json:"title"` // of the item
	Name  string `json:"name"`
}

// lostFiles names the attachments that a restored server lost, and forgets those that no item has any longer.
func (op *operation) lostFiles(v *vault) ([]LostFile, error) {
	files := []LostFile{}
	if len(v.remembered.Lost) == 0 {
		return files, nil
	}
	var ids []string
	for _, e := range v.All() {
		if op.ctx.Err() != nil {
			return nil, op.ctx.Err()
		}
		it, err := v.Open(e)
		if err != nil {
			ids = v.remembered.Lost // this item may have any of them
			continue
		}
		for _, a := range it.Attachments {
			if slices.Contains(v.remembered.Lost, a.ID) {
				files, ids = append(files, LostFile{a.ID, e.ID, it.Title, a.Name}), append(ids, a.ID)
			}
		}
	}
	sort.Slice(files, func(i, j int) bool {
		return cmp.Or(strings.Compare(files[i].Title, files[j].Title), strings.Compare(files[i].Name, files[j].Name)) < 0
	})
	return files, op.rememberLost(v, ids)
}

// leadBackFirst leads a restored server back before a sign-in that failed: the server may know only an earlier password, or wait for its
// operator. It opens what this device has of the user, with the password, and reports whether the server is where the device is. Nothing
// that was derived from the password is sent.
func (op *operation) leadBackFirst(username, password string) bool {
	remembered, err := op.findRemembered(username)
	if err != nil {
		return false
	}
	for _, a := range op.signedAccounts(remembered) {
		v, key, err := openWith(a, password, remembered)
		key.Wipe()
		if err != nil {
			continue
		}
		v.recollect(remembered)
		if err = op.openCache(v); err == nil {
			var resent *Resent
			if resent, err = op.giveBack(v); err == nil {
				err = op.noteResent(v, resent)
			}
		}
		v.wipe()
		return err == nil
	}
	return false
}

// holds returns errAhead unless v is at a state, with its records.
func (op *operation) holds(v *vault, seen chain.State) error {
	held := v.Log().State
	if !v.Loaded || seen.Entry == nil || held.Entry == nil || held.Write != seen.Write || held.Entry.Hash() != seen.Entry.Hash() {
		return errAhead
	}
	return nil
}

// nextPart returns what follows the server's state: all of it, or as much as fits into a request.
func (op *operation) nextPart(v *vault, history *deviceHistory, seen chain.State, server protocol.ResendState) (*part, error) {
	if server.Revision < 0 || server.Revision > seen.Revision || server.Sequence < 0 || server.Sequence > seen.Entry.Sequence {
		return nil, errAhead
	}
	writes := history.back(seen.Write)
	missing := seen.Revision - server.Revision
	if int64(len(writes)) < missing {
		return nil, errAhead
	}
	writes = writes[:missing]
	slices.Reverse(writes)
	before := seen.Write
	if missing > 0 {
		before = writes[0].Previous
	}
	if server.Revision > 0 && server.Head != encodeHash(before) {
		return nil, errAhead // the server has another history
	}
	n, size := 0, 0
	for ; n < min(len(writes), chain.MaxOperations); n++ {
		if size += len(writes[n].wire.Write) + len(writes[n].wire.Operations); size > maxPart {
			break
		}
	}
	for ; n >= 0; n-- {
		p, err := op.partOf(v, history, seen, server, writes, n)
		if err == nil {
			return p, nil
		}
		if !errors.Is(err, errAhead) {
			return nil, err
		}
	}
	return nil, errAhead
}

// partOf returns the first n writes with the entries up to them. errAhead means that it does not fit into a request, or that this device
// does not have all that is live after them.
func (op *operation) partOf(v *vault, history *deviceHistory, seen chain.State, server protocol.ResendState, writes []branchWrite, n int) (*part, error) {
	p := &part{write: seen.Write, entry: v.Log().Entries[server.Sequence]}
	if n < len(writes) {
		if n == 0 {
			return nil, errAhead
		}
		p.write = writes[n-1].Hash()
	}
	for _, w := range writes[:n] {
		p.Writes, p.Operations = append(p.Writes, w.Write), append(p.Operations, w.operations)
		p.request.Writes = append(p.request.Writes, protocol.ResentWrite(w.wire))
	}
	last := server.Revision + int64(n)
	for _, e := range v.Log().Entries[server.Sequence+1:] {
		if e.Revision > last || e.Sequence > seen.Entry.Sequence {
			break
		}
		p.Entries, p.entry = append(p.Entries, e), e
		p.request.Entries = append(p.request.Entries, encodeSigned(e.Encode()))
	}
	if err := p.addTokens(v); err != nil {
		return nil, err
	}
	if err := p.addKeys(v, history, v.Log().Entries[server.Sequence]); err != nil {
		return nil, err
	}
	body, err := json.Marshal(p.request)
	switch {
	case err != nil:
		return nil, fmt.Errorf("encode what is sent again: %w", err)
	case len(body) > maxPart || len(p.request.Tokens) > chain.MaxOperations || len(p.Entries) > chain.MaxOperations:
		return nil, errAhead
	}
	return p, nil
}

// addTokens adds the tokens of the records that are live at the end of a part.
func (p *part) addTokens(v *vault) error {
	for _, o := range p.Newest() {
		if o.Delete || !o.Kind.Sealed() {
			continue
		}
		token, ok := v.Token(o.Line)
		if !ok {
			return errAhead // replaced later: only a later root is complete
		}
		p.request.Tokens = append(p.request.Tokens, token)
	}
	return nil
}

// addKeys adds what the newest entry of a part signs, and the cards that are new after the server's entry.
func (p *part) addKeys(v *vault, history *deviceHistory, before *chain.Entry) error {
	if len(p.Entries) == 0 {
		return nil
	}
	if v != v.personal {
		return errAhead // the envelopes of the other members are not on this device
	}
	member := p.entry.Roster[0]
	for h := member.Card; h != before.Roster[0].Card; {
		card := v.Log().Cards.Get(h)
		if card == nil {
			return errAhead
		}
		p.request.Cards = append(p.request.Cards, encodeSigned(card.Encode()))
		h = card.Previous
	}
	slices.Reverse(p.request.Cards)
	if p.request.Keys = v.keysOf(history, p.entry); p.request.Keys == nil {
		return errAhead
	}
	if member.Envelope == before.Roster[0].Envelope {
		return nil
	}
	if chain.HashOf(chain.HashEnvelope, v.Log().Envelope) == member.Envelope {
		p.request.Envelope = encodeSigned(v.Log().Envelope)
		return nil
	}
	for _, s := range history.steps {
		b, err := base64.RawURLEncoding.Strict().DecodeString(s.Envelope)
		if err == nil && chain.HashOf(chain.HashEnvelope, b) == member.Envelope {
			p.request.Envelope = s.Envelope
			return nil
		}
	}
	return errAhead
}

// keysOf returns the account keys that an entry signs; nil if this device does not have them.
func (v *vault) keysOf(history *deviceHistory, e *chain.Entry) *protocol.AccountKeys {
	all := []*protocol.AccountKeys{&v.account.Keys}
	for _, s := range history.steps {
		if s.Keys != nil {
			all = append(all, s.Keys)
		}
	}
	for _, k := range slices.Backward(all) {
		if parts, err := parseKeys(*k); err == nil && parts.document.Annexed(e) == nil {
			return k
		}
	}
	return nil
}

// sendPart signs and sends a part. It returns the attachments that the server lost.
func (op *operation) sendPart(v *vault, p *part, nonce protocol.Hash) ([]string, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(nonce)
	if err != nil || len(b) != len(chain.Nonce{}) {
		return nil, &AnswerError{Path: protocol.PathVaultResend, Err: chain.ErrEncoding}
	}
	member := p.entry.Member(v.user)
	if member == nil {
		return nil, errAhead
	}
	card := v.Log().Cards.Get(member.Card)
	if card == nil {
		return nil, errAhead
	}
	keys, err := v.keys.identity.Keys(card)
	if errors.Is(err, seal.ErrCardKeys) {
		return nil, errAhead // the account was opened as the server has it: older
	}
	if err != nil {
		return nil, err
	}
	newest := v.Log().State.Revision
	if n := len(p.Writes); n > 0 {
		newest = p.Writes[n-1].Revision
	}
	statement := &chain.Resend{
		Vault: v.Vault, Nonce: chain.Nonce(b), Revision: newest, Write: p.write, Sequence: p.entry.Sequence, Entry: p.entry.Hash(),
		Author: v.user, AuthorCard: member.Card,
	}
	statement.Sign(keys.Signing)
	p.request.Resend = encodeSigned(statement.Encode())
	var answer protocol.ResendAnswer
	if err := op.call(methodPost, vaultPath(v, protocol.PathVaultResend), p.request, &answer); err != nil {
		return nil, err
	}
	var lost []string
	for _, id := range answer.Lost {
		if _, err := chain.ParseID(id); err == nil && len(lost) < chain.MaxOperations {
			lost = append(lost, id)
		}
	}
	return lost, nil
}
