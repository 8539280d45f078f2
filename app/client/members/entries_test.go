package members_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/directory"
	"github.com/vaultsphere/vaultsphere/app/client/members"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

func TestAVaultFromFirstEntryToLast(t *testing.T) {
	t.Parallel()
	v, owner, manager, editor, reader := full(t)
	all := []*testvault.Person{owner, manager, editor, reader}
	v.opens(all)

	v.take(v.by(owner, editor).SetRole(editor.ID, chain.Manager))
	v.take(v.by(owner).SetRole(editor.ID, chain.Editor))
	before := v.by(reader).Keys[0]
	v.take(v.by(manager).Remove(reader.ID))
	v.opens(all[:3], reader)
	newest := v.log.State.Entry
	keys, err := v.by(editor).Keys[0].Key.OpenPrevious(vaultID, newest.Epoch, newest.PreviousKeys, v.log.Commitment)
	if err != nil || len(keys) != 1 || keys[0].Epoch != 1 || !keys[0].Key.Equal(before.Key) || v.by(editor).Keys[0].Key.Equal(before.Key) {
		t.Errorf("the keys before: %v, %v", keys, err)
	}

	editor2 := renewed(t, editor, "")
	s, err := v.by(editor2).Recard(editor2.Cards)
	v.knows2(editor2)
	if v.take(s, err).Entry.Epoch != 2 {
		t.Error("an editor began an epoch")
	}
	manager2 := renewed(t, manager, "")
	s, err = v.by(manager2).Recard(manager2.Cards)
	v.knows2(manager2)
	if v.take(s, err).Entry.Epoch != 3 {
		t.Error("the thief of the old card reads on")
	}
	owner2 := renewed(t, owner, "ольга")
	s, err = v.by(owner2).Recard(owner2.Cards)
	v.knows2(owner2)
	if v.take(s, err).Entry.Epoch != 3 {
		t.Error("a new name began an epoch")
	}
	editor3 := renewed(t, editor2, "")
	v.knows2(editor3)
	if v.take(v.by(owner2, editor3).RecardMember(person(t, editor3))).Entry.Epoch != 4 {
		t.Error("no epoch began")
	}
	s = v.take(v.by(owner2).SetPolicy([]byte("a policy")))
	if r, parts := s.Request(); r.Policy == "" || len(r.Envelopes) != 0 || len(parts) != 0 {
		t.Errorf("%+v, %d parts", r, len(parts))
	}
	v.take(v.by(owner2).Rotate())
	v.take(v.by(editor3).Leave())
	v.take(v.by(owner2).Close())
	v.take(v.by(owner2).Remove(manager.ID))
	if len(v.log.State.Entry.Roster) != 1 || !v.log.State.Closed {
		t.Errorf("%+v", v.log.State)
	}
	v.opens([]*testvault.Person{owner2}, manager2, editor3)
}

// knows2 gives the log the newest card of a person.
func (v *team) knows2(p *testvault.Person) {
	v.t.Helper()
	if err := v.log.Cards.Add(p.Card()); err != nil {
		v.t.Fatal(err)
	}
}

// Everything that a role does not allow is refused before anything is signed, as the rules of the chain refuse it.
func TestRolesThatAreNotEnough(t *testing.T) {
	t.Parallel()
	v, owner, manager, editor, reader := full(t)
	fresh, second := testvault.NewPerson("fay"), testvault.NewPerson("sue")
	v.knows(fresh, second)
	v.take(v.by(owner, second).Add(newcomer(t, second, chain.Owner)))
	people := map[string]*testvault.Person{"owner": owner, "manager": manager, "editor": editor, "reader": reader, "stranger": fresh}
	known := []*testvault.Person{manager, editor, reader, fresh, second}
	for name, c := range map[string]struct {
		do  func(s *members.Signer) (*members.Signed, error)
		may []string
		err error // of the others
	}{
		"add a reader":      {func(s *members.Signer) (*members.Signed, error) { return s.Add(newcomer(t, fresh, chain.Reader)) }, []string{"owner", "manager"}, members.ErrRole},
		"add an editor":     {func(s *members.Signer) (*members.Signed, error) { return s.Add(newcomer(t, fresh, chain.Editor)) }, []string{"owner", "manager"}, members.ErrRole},
		"add a manager":     {func(s *members.Signer) (*members.Signed, error) { return s.Add(newcomer(t, fresh, chain.Manager)) }, []string{"owner"}, members.ErrRole},
		"add an owner":      {func(s *members.Signer) (*members.Signed, error) { return s.Add(newcomer(t, fresh, chain.Owner)) }, []string{"owner"}, members.ErrRole},
		"add without role":  {func(s *members.Signer) (*members.Signed, error) { return s.Add(newcomer(t, fresh, 0)) }, nil, members.ErrRole},
		"remove an owner":   {func(s *members.Signer) (*members.Signed, error) { return s.Remove(second.ID) }, []string{"owner"}, members.ErrRole},
		"remove one of two": {func(s *members.Signer) (*members.Signed, error) { return s.Remove(second.ID, fresh.ID) }, nil, members.ErrRole},
		"reader to editor":  {func(s *members.Signer) (*members.Signed, error) { return s.SetRole(reader.ID, chain.Editor) }, []string{"owner", "manager"}, members.ErrRole},
		"reader to manager": {func(s *members.Signer) (*members.Signed, error) { return s.SetRole(reader.ID, chain.Manager) }, []string{"owner"}, members.ErrRole},
		"owner to reader":   {func(s *members.Signer) (*members.Signed, error) { return s.SetRole(second.ID, chain.Reader) }, []string{"owner"}, members.ErrRole},
		"no role":           {func(s *members.Signer) (*members.Signed, error) { return s.SetRole(reader.ID, 0) }, nil, members.ErrRole},
		"a role above":      {func(s *members.Signer) (*members.Signed, error) { return s.SetRole(reader.ID, chain.Owner+1) }, nil, members.ErrRole},
		"rotate":            {func(s *members.Signer) (*members.Signed, error) { return s.Rotate() }, []string{"owner", "manager"}, members.ErrRole},
		"policy":            {func(s *members.Signer) (*members.Signed, error) { return s.SetPolicy([]byte("x")) }, []string{"owner"}, members.ErrRole},
		"close":             {func(s *members.Signer) (*members.Signed, error) { return s.Close() }, []string{"owner"}, members.ErrRole},
		"leave":             {func(s *members.Signer) (*members.Signed, error) { return s.Leave() }, []string{"owner", "manager", "editor", "reader"}, nil},
	} {
		for who, p := range people {
			_, err := c.do(v.by(p, slices.DeleteFunc(slices.Clone(known), func(k *testvault.Person) bool { return k == p })...))
			want := c.err
			switch {
			case slices.Contains(c.may, who):
				want = nil
			case who == "stranger":
				want = members.ErrNotMember
			case name == "remove one of two" && who == "owner":
				want = members.ErrNoMember
			}
			refused(t, who+": "+name, err, want)
		}
	}
}

func TestEntriesThatAreRefused(t *testing.T) {
	t.Parallel()
	v, owner, manager, editor, reader := full(t)
	fresh := testvault.NewPerson("fay")
	known := []*testvault.Person{manager, editor, reader, fresh}
	s := func() *members.Signer { return v.by(owner, known...) }
	with := func(edit func(s *members.Signer)) *members.Signer {
		out := s()
		edit(out)
		return out
	}
	introduced := func(s *members.Signer) {
		s.Book.Entries = []directory.Entry{{Pin: pinOf(t, fresh, directory.Introduced)}, {Pin: pinOf(t, reader, directory.Introduced)}}
	}
	none := func(s *members.Signer) { s.Book.Entries = nil }
	nameless := with(introduced)
	if _, err := nameless.Add(newcomer(t, fresh, chain.Editor)); err != nil {
		t.Errorf("an introduced editor: %v", err)
	}
	older := *editor
	newer := renewed(t, editor, "")
	for name, c := range map[string]struct {
		err  error
		want error
	}{
		"a stranger":                {second(with(none).Add(newcomer(t, fresh, chain.Reader))), members.ErrUnverified},
		"an introduced manager":     {second(with(introduced).Add(newcomer(t, fresh, chain.Manager))), members.ErrUnverified},
		"an introduced owner":       {second(with(introduced).Add(newcomer(t, fresh, chain.Owner))), members.ErrUnverified},
		"an introduced promotion":   {second(with(introduced).SetRole(reader.ID, chain.Manager)), members.ErrUnverified},
		"a strange promotion":       {second(with(none).SetRole(reader.ID, chain.Owner)), members.ErrUnverified},
		"a member again":            {second(s().Add(newcomer(t, reader, chain.Editor))), members.ErrMember},
		"twice in one entry":        {second(s().Add(newcomer(t, fresh, chain.Reader), newcomer(t, fresh, chain.Editor))), members.ErrMember},
		"nobody":                    {second(s().Add()), members.ErrSame},
		"nobody removed":            {second(s().Remove()), members.ErrSame},
		"a person who is not there": {second(s().Remove(fresh.ID)), members.ErrNoMember},
		"a role for nobody":         {second(s().SetRole(fresh.ID, chain.Reader)), members.ErrNoMember},
		"oneself":                   {second(s().Remove(owner.ID)), members.ErrSelf},
		"the last owner":            {second(s().Leave()), members.ErrLastOwner},
		"the last owner's role":     {second(s().SetRole(owner.ID, chain.Reader)), members.ErrLastOwner},
		"the same role":             {second(s().SetRole(reader.ID, chain.Reader)), members.ErrSame},
		"no policy":                 {second(s().SetPolicy(nil)), members.ErrPolicy},
		"a long policy":             {second(s().SetPolicy(make([]byte, protocol.MaxPolicyBytes))), members.ErrPolicy},
		"the same card":             {second(s().Recard(owner.Cards)), members.ErrSame},
		"no card":                   {second(s().Recard(nil)), chain.ErrUnknownCard},
		"another's card":            {second(s().Recard(fresh.Cards)), seal.ErrCardKeys},
		"another's same card":       {second(s().RecardMember(person(t, &older))), members.ErrSame},
		"a card of no member":       {second(s().RecardMember(person(t, fresh))), members.ErrNoMember},
		"a card not verified":       {second(with(none).RecardMember(person(t, newer))), members.ErrUnverified},
		"a card by a manager":       {second(v.by(manager, newer).RecardMember(person(t, newer))), members.ErrRole},
		"without the key":           {second(with(func(s *members.Signer) { s.Keys = nil }).Rotate()), members.ErrNoKey},
		"with a wrong key":          {second(with(func(s *members.Signer) { s.Keys[0].Key = seal.NewEpochKey() }).Add(newcomer(t, fresh, chain.Reader))), members.ErrNoKey},
		"with the key of no epoch":  {second(with(func(s *members.Signer) { s.Keys[0].Epoch++ }).Remove(reader.ID)), members.ErrNoKey},
	} {
		refused(t, name, c.err, c.want)
	}
	var named *members.Error
	if _, err := s().Add(newcomer(t, reader, chain.Editor)); !errors.As(err, &named) || named.Username != "rita" || named.User != reader.ID {
		t.Errorf("%v", err)
	}
	v.take(s().Close())
	for name, err := range map[string]error{
		"add": second(s().Add(newcomer(t, fresh, chain.Reader))), "role": second(s().SetRole(reader.ID, chain.Editor)), "rotate": second(s().Rotate()),
		"policy": second(s().SetPolicy([]byte("x"))), "close": second(s().Close()), "recard": second(v.by(editor).Recard(newer.Cards)),
	} {
		refused(t, "closed: "+name, err, members.ErrClosed)
	}
	v.take(v.by(reader).Leave())
	personal, _ := owner.Found()
	p := s()
	p.Log.State, p.Log.Entries = personal.State, personal.Entries
	refused(t, "a personal vault", second(p.Rotate()), chain.ErrOp)
}

func second[T any](_ T, err error) error { return err }

// A member who left still has the key, and never draws the next.
func TestSomebodyLeft(t *testing.T) {
	t.Parallel()
	v, owner, manager, editor, reader := full(t)
	fresh := testvault.NewPerson("fay")
	v.knows(fresh)
	if due := members.RotationDue(v.log); due != members.NotDue {
		t.Errorf("due %d", due)
	}
	v.take(v.by(reader).Leave())
	for name, err := range map[string]error{
		"add": second(v.by(owner, fresh).Add(newcomer(t, fresh, chain.Reader))), "role": second(v.by(manager).SetRole(editor.ID, chain.Reader)),
		"policy": second(v.by(owner).SetPolicy([]byte("x"))),
	} {
		refused(t, name, err, members.ErrRotateFirst)
	}
	if due := members.RotationDue(v.log); due != members.DueNow {
		t.Errorf("due %d", due)
	}
	epoch := v.log.State.Entry.Epoch
	if s := v.take(v.by(manager).Rotate()); s.Entry.Epoch != epoch+1 || members.RotationDue(v.log) != members.NotDue {
		t.Errorf("epoch %d, due %d", s.Entry.Epoch, members.RotationDue(v.log))
	}
	v.take(v.by(owner, fresh).Add(newcomer(t, fresh, chain.Reader)))
	v.take(v.by(editor).Leave())
	v.take(v.by(manager).Remove(fresh.ID)) // serves as well
	if due := members.RotationDue(v.log); due != members.NotDue {
		t.Errorf("due %d", due)
	}
	v.opens([]*testvault.Person{owner, manager}, editor, reader, fresh)
}

// The keys of a replaced card may be stolen, so an editor's new card asks the managers for a rotation. A new name does not.
func TestNewCardsOfEditorsAskForARotation(t *testing.T) {
	t.Parallel()
	v, owner, _, editor, reader := full(t)
	named := renewed(t, reader, "rieke")
	s, err := v.by(named).Recard(named.Cards)
	v.knows2(named)
	v.take(s, err)
	if due := members.RotationDue(v.log); due != members.NotDue {
		t.Errorf("a new name: due %d", due)
	}
	next := renewed(t, editor, "")
	s, err = v.by(next).Recard(next.Cards)
	v.knows2(next)
	v.take(s, err)
	if due := members.RotationDue(v.log); due != members.DueSoon {
		t.Errorf("new keys: due %d", due)
	}
	v.take(v.by(owner).Rotate())
	if due := members.RotationDue(v.log); due != members.NotDue {
		t.Errorf("rotated: due %d", due)
	}
	if _, err := identityOf(editor).Cards[0].KEM.OpenEnvelope(v.log.State.Entry, editor.ID, v.envelopes[v.log.State.Entry.Member(editor.ID).Envelope]); err == nil {
		t.Error("the old card opens the new key")
	}
}

// Keys that an entry carried wrongly are carried again by the next rotation.
func TestLostKeysAreCarriedAgain(t *testing.T) {
	t.Parallel()
	owner := testvault.NewPerson("olga")
	v := newTeam(t, owner)
	first := v.by(owner).Keys[0]
	v.take(v.by(owner).Rotate())
	s := v.by(owner)
	s.Keys = append(s.Keys, first) // as if the entry before had not carried it
	v.take(s.Rotate())
	newest := v.log.State.Entry
	got, err := v.by(owner).Keys[0].Key.OpenPrevious(vaultID, newest.Epoch, newest.PreviousKeys, v.log.Commitment)
	if err != nil || len(got) != 2 || got[0].Epoch != 2 || got[1].Epoch != 1 || !got[1].Key.Equal(first.Key) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestBoundsOfARoster(t *testing.T) {
	t.Parallel()
	owner := testvault.NewPerson("olga")
	v := newTeam(t, owner)
	var crowd []*testvault.Person
	for i := range protocol.MaxNewMembers + 1 {
		crowd = append(crowd, testvault.NewPerson(fmt.Sprintf("user%d", i)))
	}
	var all []members.Newcomer
	for _, p := range crowd {
		all = append(all, newcomer(t, p, chain.Reader))
	}
	refused(t, "101 at once", second(v.by(owner, crowd...).Add(all...)), members.ErrFull)
	v.knows(crowd[:100]...)
	s := v.take(v.by(owner, crowd[:100]...).Add(all[:100]...))
	r, parts := s.Request()
	if len(r.Envelopes) != 0 || len(parts) != 1 || len(parts[0].Envelopes) != 100 || parts[0].Part != 1 || !slices.IsSortedFunc(s.Entry.Roster, func(a, b chain.Member) int { return slices.Compare(a.User[:], b.User[:]) }) {
		t.Errorf("%d envelopes, %d parts", len(r.Envelopes), len(parts))
	}
	s = v.take(v.by(owner).Remove(crowd[0].ID))
	if r, parts := s.Request(); len(r.Envelopes) != 0 || len(parts) != 1 || len(parts[0].Envelopes) != 100 {
		t.Errorf("%d envelopes, %d parts", len(r.Envelopes), len(parts))
	}
	// A vault with 1,000 lines.
	lines := v.log.State.Entry.Roster
	for i := len(lines); i < chain.MaxMembers; i++ {
		lines = append(lines, chain.Member{User: chain.ID{255, byte(i >> 8), byte(i)}, Card: chain.Hash{1}, Role: chain.Reader, Envelope: chain.Hash{1}})
	}
	v.log.State.Entry.Roster = lines
	refused(t, "1,001 members", second(v.by(owner, crowd...).Add(all[100])), members.ErrFull)
}
