package server

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// blockRecorder records the largest write.
type blockRecorder struct {
	*httptest.ResponseRecorder
	largest int
}

func (r *blockRecorder) Write(b []byte) (int, error) {
	r.largest = max(r.largest, len(b))
	return r.ResponseRecorder.Write(b)
}

func TestVaultAnswerMatchesEncodingJSON(t *testing.T) {
	t.Parallel()
	log := protocol.VaultLog{Revision: 10, Entries: []string{"e0", "e1"}, Writes: []string{}, Cards: []string{"c"}, Envelope: "env"}
	records := []protocol.VaultRecord{
		{ItemID: "a", Kind: protocol.RecordOverview, Version: 1, Epoch: 2, Revision: 7, Token: "gAAA_-="},
		{ItemID: "b", Kind: protocol.RecordDetails, Version: 12, Epoch: 1, Revision: 8, Deleted: true},
		{ItemID: "c", Kind: protocol.RecordAttachment, Version: 3, Revision: 9, Hash: "h_-"},
	}
	for range 40 {
		records = append(records, protocol.VaultRecord{ItemID: "d", Kind: protocol.RecordDetails, Version: 1, Epoch: 1, Revision: 10, Token: strings.Repeat("x", protocol.MaxTokenBytes)})
	}
	for _, n := range []int{0, 1, 3, len(records)} {
		s := &Server{syncs: newSyncSlots()}
		w := &blockRecorder{ResponseRecorder: httptest.NewRecorder()}
		a := vaultAnswer{s.newBlockAnswer(w), smallRecords}
		if err := a.Log(log); err != nil {
			t.Fatal(err)
		}
		for _, r := range records[:n] {
			if err := a.Write(r); err != nil {
				t.Fatal(err)
			}
		}
		if err := a.end(); err != nil {
			t.Fatal(err)
		}
		want, err := json.Marshal(protocol.VaultAnswer{VaultLog: log, Records: records[:n]})
		if err != nil {
			t.Fatal(err)
		}
		if got := w.Body.String(); got != string(want)+"\n" {
			t.Errorf("%d records: got %.200q, want %.200q", n, got, want)
		}
		if w.largest > 256<<10 {
			t.Errorf("%d records: a block of %d bytes", n, w.largest)
		}
		if announced := w.Header().Get("Content-Length") != ""; announced != (n < len(records)) {
			t.Errorf("%d records: Content-Length set: %v", n, announced)
		}
	}
}

func TestLongLogTakesASlot(t *testing.T) {
	t.Parallel()
	s := &Server{syncs: newSyncSlots()}
	a := vaultAnswer{s.newBlockAnswer(httptest.NewRecorder()), smallRecords}
	taken, freed := 0, 0
	a.slot = func() (func(), error) { taken++; return func() { freed++ }, nil }
	long := protocol.VaultLog{Entries: []string{strings.Repeat("x", blockBytes)}}
	for _, log := range []protocol.VaultLog{{}, long, long} {
		if err := a.Log(log); err != nil {
			t.Fatal(err)
		}
	}
	a.free()
	if taken != 1 || freed != 1 {
		t.Errorf("took %d slots, freed %d", taken, freed)
	}
}

func TestLongAnswersHaveADeadline(t *testing.T) {
	t.Parallel()
	s := &Server{syncs: newSyncSlots()}
	if a := s.newBlockAnswer(httptest.NewRecorder()); time.Until(a.last) > syncTime || s.syncs.patience != 16*time.Second {
		t.Errorf("a block has %s, the whole answer until %s", s.syncs.patience, a.last)
	}
}

// smallRecords says that the records of an answer need no slot.
func smallRecords() (bool, error) { return true, nil }
