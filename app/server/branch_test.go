package server_test

import (
	"encoding/base64"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// The longest branch fits into a request, and a device in its middle finds the way back.
func TestLongestBranchIsBroughtTogether(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alice, reg := s.newPerson("alice")
	alice.enter(reg)
	alice.save()
	branch := alice.v.Fork()
	var middle chain.State
	for n := range protocol.MaxBranchWrites + 1 {
		if n == protocol.MaxBranchWrites/2 {
			middle = branch.State
		}
		if n == protocol.MaxBranchWrites { // one more than a branch may have
			alice.send(alice.v.DraftJoin(branch.Fork(), alice.v.Put(chain.RecordOverview, seal.NewID(), 1, "joins"))).want(204, "")
		}
		branch.Apply(branch.Draft(branch.Put(chain.RecordOverview, seal.NewID(), 1, "only here")))
	}
	alice.save()
	alice.send(alice.v.DraftJoin(branch, alice.v.Put(chain.RecordOverview, seal.NewID(), 1, "too long"))).want(413, protocol.CodeTooLarge)

	query := "?since=3&after=1&revision=501&head=" + base64.RawURLEncoding.EncodeToString(middle.Write[:])
	if middle.Revision != 501 {
		t.Fatalf("the middle is revision %d", middle.Revision)
	}
	log := alice.vault(query)
	if log.Branch == nil || log.Branch.Common != 1 || log.Branch.Join != 2 || len(log.Branch.Writes) < 2 || len(log.Branch.Writes) > 60 {
		t.Fatalf("branch: %+v", log.Branch)
	}
	if log := alice.vault("?since=3&after=1&revision=501"); log.Branch != nil {
		t.Error("a device that does not name its write is shown a branch")
	}
}
