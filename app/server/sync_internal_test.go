package server

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
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
	records := []protocol.Record{
		{Place: protocol.Place{ItemID: "a", Kind: protocol.KindOverview, Version: 1}, Revision: 7, Token: "gAAA_-="},
		{Place: protocol.Place{ItemID: "b", Kind: protocol.KindDetails, Version: 12}, Revision: 8, Deleted: true},
		{Place: protocol.Place{ItemID: "c\"\\\u2028<&>é\x01\xff", Kind: protocol.KindDetails, Version: 3}, Revision: 9, Token: "\x7f"},
	}
	for range 40 {
		records = append(records, protocol.Record{Place: records[0].Place, Revision: 10, Token: strings.Repeat("x", protocol.MaxTokenBytes)})
	}
	for _, n := range []int{0, 1, 3, len(records)} {
		s := &Server{syncs: newSyncSlots()}
		w := &blockRecorder{ResponseRecorder: httptest.NewRecorder()}
		a := s.newVaultAnswer(w)
		if err := a.Begin(vault.Head{Revision: 10, Manifest: "m"}); err != nil {
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
		want, err := json.Marshal(protocol.VaultResponse{Revision: 10, Manifest: "m", Records: records[:n]})
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

func TestLongAnswersHaveADeadline(t *testing.T) {
	t.Parallel()
	s := &Server{syncs: newSyncSlots()}
	if a := s.newVaultAnswer(httptest.NewRecorder()); time.Until(a.last) > syncTime || s.syncs.patience != 16*time.Second {
		t.Errorf("a block has %s, the whole answer until %s", s.syncs.patience, a.last)
	}
}
