//go:build integration

package attack

import (
	"slices"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// Attacks on the sealed records of a vault. The phone has changed the bank's password and has added "Shop" since the device synced, so
// the lies are in the changes that it gets, and in the whole vault that it then asks for. A new device gets the same lies.
var records = []attack{
	record("field swap", "gives the overview of an item in the place of its details",
		func(s *stage, _ *protocol.VaultAnswer, v *protocol.VaultAnswer) {
			o, d := s.find(v, protocol.RecordOverview, 0), s.find(v, protocol.RecordDetails, 0)
			o.Token, d.Token = d.Token, o.Token
		}),
	record("place swap", "exchanges the details of two items",
		func(s *stage, _ *protocol.VaultAnswer, v *protocol.VaultAnswer) {
			a, b := s.find(v, protocol.RecordDetails, 0), s.find(v, protocol.RecordDetails, 1)
			a.Token, b.Token = b.Token, a.Token
		}),
	record("dropped record", "leaves out a record",
		func(_ *stage, _ *protocol.VaultAnswer, v *protocol.VaultAnswer) { v.Records = v.Records[1:] }),
	record("repeated record", "gives a record twice",
		func(s *stage, _ *protocol.VaultAnswer, v *protocol.VaultAnswer) {
			v.Records = append(v.Records, *s.find(v, protocol.RecordDetails, 0))
		}),
	record("older token", "gives the bank's old password for the new one",
		func(s *stage, before *protocol.VaultAnswer, v *protocol.VaultAnswer) {
			newest := s.newestDetails(v)
			newest.Token = s.newestDetails(before).Token
		}),
	record("deleted record", "shows a record that was deleted",
		func(s *stage, before *protocol.VaultAnswer, v *protocol.VaultAnswer) {
			now := s.whole(s.phone).Records
			i := slices.IndexFunc(before.Records, func(r protocol.VaultRecord) bool {
				return !slices.ContainsFunc(now, func(o protocol.VaultRecord) bool {
					return o.ItemID == r.ItemID && o.Kind == r.Kind && o.Version == r.Version
				})
			})
			r := before.Records[i]
			v.Records = slices.DeleteFunc(v.Records, func(o protocol.VaultRecord) bool { return o.Deleted && o.ItemID == r.ItemID && o.Kind == r.Kind })
			v.Records = append(v.Records, r)
		}),
	record("altered token", "changes a character of a record",
		func(s *stage, _ *protocol.VaultAnswer, v *protocol.VaultAnswer) {
			r := s.find(v, protocol.RecordDetails, 0)
			b := []byte(r.Token)
			b[len(b)/2] ^= 1
			r.Token = string(b)
		}),
	{
		name: "record of another vault",
		does: "puts a record of another user in the place of one of anna's",
		run: func(s *stage) string {
			theirs := s.whole(s.mallory())
			token := s.find(&theirs, protocol.RecordDetails, 0).Token
			s.phoneChanges()
			return s.refusedEverywhere(altered, s.records(func(v *protocol.VaultAnswer) { s.find(v, protocol.RecordDetails, 0).Token = token }))
		},
	},
	{
		name: "attachment swap",
		does: "gives another file in the place of an attachment",
		run: func(s *stage) string {
			c, ok := s.device.(*commandLine)
			if !ok {
				s.Fatal("only the command line is attacked")
			}
			c.write(s.T, "other.txt", "a file that somebody prepared")
			must(s.T, c.act(s.T, "attach", "Mail", "other.txt"))
			s.known = []string{"Bank", "Mail"}
			stored := s.stored()
			var files []protocol.VaultRecord
			for _, r := range s.whole(s.phone).Records {
				if r.Kind == protocol.RecordAttachment {
					files = append(files, r)
				}
			}
			chunks := map[string]*answer{}
			s.gate.lie(lies{change: func(r request, a *answer) { // both files become the first that was asked for
				if matches(protocol.PathVaultChunk, r.Path) {
					if first := chunks["first"]; first != nil {
						a.Body = first.Body
					} else {
						chunks["first"] = &answer{Body: a.Body}
					}
				}
			}})
			must(s.T, c.act(s.T, "attachment", "Mail", "other.txt", "--output", "copy.txt"))
			seen := c.act(s.T, "attachment", "Bank", "deed.txt", "--output", "deed-copy.txt")
			s.says(want{commandLine: "was changed outside this vault"}, seen)
			if len(files) != 2 || s.stored() != stored {
				s.Errorf("%d attachments are stored", len(files))
			}
			s.stillOpens()
			return seen.said
		},
		pageCannot: "the page downloads through the same core",
	},
}

func record(name, does string, change func(s *stage, before, v *protocol.VaultAnswer)) attack {
	return attack{name: name, does: does, run: func(s *stage) string {
		before := s.whole(s.phone)
		s.phoneChanges()
		return s.refusedEverywhere(altered, s.records(func(v *protocol.VaultAnswer) { change(s, &before, v) }))
	}}
}

// phoneChanges makes two changes that the attacked device does not know.
func (s *stage) phoneChanges() {
	s.Helper()
	must(s.T, s.phone.add(s.T, "Shop"))
	must(s.T, s.phone.act(s.T, "edit", "Bank", "--generate", "--username", "anna@bank.example"))
}

// find returns the n-th live record of a kind. Each of them is of another item.
func (s *stage) find(v *protocol.VaultAnswer, kind protocol.RecordKind, n int) *protocol.VaultRecord {
	s.Helper()
	seen := map[string]bool{}
	for i := range v.Records {
		r := &v.Records[i]
		if r.Kind != kind || r.Deleted || seen[r.ItemID] {
			continue
		}
		if len(seen) == n {
			return r
		}
		seen[r.ItemID] = true
	}
	s.Fatalf("%d records have no %s %d", len(v.Records), kind, n)
	return nil
}

// newestDetails returns the details with the highest version: those of "Bank".
func (s *stage) newestDetails(v *protocol.VaultAnswer) *protocol.VaultRecord {
	s.Helper()
	newest := s.find(v, protocol.RecordDetails, 0)
	for i := range v.Records {
		if r := &v.Records[i]; r.Kind == protocol.RecordDetails && !r.Deleted && r.Version > newest.Version {
			newest = r
		}
	}
	return newest
}
