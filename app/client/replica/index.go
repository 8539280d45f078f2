package replica

import (
	"slices"
	"strings"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/item"
)

// details is the part of an item's details that search and the health report need.
type details struct {
	text     string // folded searchable texts, each on a line
	password string
	since    time.Time // when the password was first saved
	totp     bool      // makes one-time codes
	has      facts
	subtitle string // see Summary
	err      error  // why the other fields are empty
}

// IndexSome works in slices so short that a user who types does not notice them.
const (
	indexSlice  = 100 // entries
	indexPeriod = 8 * time.Millisecond
)

// Unindexed returns the entries whose details have not been opened since they were downloaded.
func (v *Replica) Unindexed() []*Entry {
	var todo []*Entry
	for _, e := range v.sorted {
		if e.details.Load() == nil {
			todo = append(todo, e)
		}
	}
	return todo
}

// IndexSome opens the details of the first entries and returns their number. Results for an entry that was replaced in the
// meantime are dropped with it.
func (v *Replica) IndexSome(todo []*Entry) int {
	n := 0
	for began := time.Now(); n < min(indexSlice, len(todo)) && time.Since(began) < indexPeriod; n++ {
		if e := todo[n]; e.details.Load() == nil {
			e.details.Store(v.look(e, nil))
		}
	}
	return n
}

// look opens the details of an entry, which held preceded; nil: that is unknown.
func (o opener) look(e, held *Entry) *details {
	it, older, err := o.inForce(e)
	if err != nil {
		return &details{err: err}
	}
	it.Type = e.Overview.Type // the details do not have it
	// The password is a substring of a longer text, which would stay in memory.
	in := &details{text: searchable(it), password: strings.Clone(it.Password), subtitle: strings.Clone(it.Subtitle())}
	if it.TOTP != "" {
		_, err := item.ParseAuthenticatorKey(it.TOTP)
		in.totp = err == nil
	}
	in.has = detailsFacts(it)
	switch before := continued(held, older); {
	case before == nil:
		in.since, in.err = o.passwordSince(e.id, older, it)
	case before.password == in.password:
		in.since = before.since
	default:
		in.since = it.Modified
	}
	return in
}

// continued returns what is known of held if its versions are all the older ones.
func continued(held *Entry, older []sealed) *details {
	if held == nil || len(older) == 0 || !slices.Equal(held.secrets, older) {
		return nil
	}
	if in := held.details.Load(); in != nil && in.err == nil {
		return in
	}
	return nil
}

func detailsFacts(it item.Item) facts {
	return factIf(it.TOTP != "", hasTOTP) | factIf(len(it.Attachments) > 0, hasAttachment) | factIf(it.Notes != "", hasNote) |
		factIf(it.Password != "", hasPassword) | factIf(len(it.Fields) > 0, hasField)
}

// inForce returns the current details, the time when they were saved, and the older versions.
func (o opener) inForce(e *Entry) (item.Item, []sealed, error) {
	if e.Err != nil || e.pending != nil || len(e.secrets) == 0 {
		it, err := o.Open(e)
		return it, e.secrets, err
	}
	it, err := o.openDetails(e.id, e.current())
	if err != nil {
		err = &UnreadableError{e.ID, err}
	}
	return it, e.secrets[:len(e.secrets)-1], err
}

// passwordSince returns the time of the first version that has the current password.
func (o opener) passwordSince(id chain.ID, older []sealed, newest item.Item) (time.Time, error) {
	since := newest.Modified
	for _, r := range slices.Backward(older) {
		secret, err := o.openDetails(id, r)
		if err != nil {
			return since, err
		}
		if secret.Password != newest.Password {
			break
		}
		since = secret.Modified
	}
	return since, nil
}

// searchable returns the searchable texts of the details, folded, each on a line.
func searchable(it item.Item) string {
	var b strings.Builder
	it.DetailsTexts(func(s string) {
		if s != "" {
			b.WriteString(fold(s))
			b.WriteByte('\n')
		}
	})
	return b.String()
}
