package vault

import (
	"context"
	"errors"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

func TestBranchesAreCheckedOneAtATime(t *testing.T) {
	t.Parallel()
	s := &Service{joins: make(chan struct{}, 1)}
	s.joins <- struct{}{} // another one is being checked
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := signedWrite{write: &chain.Write{Revision: 2}, branch: []chain.BranchWrite{{Write: &chain.Write{Revision: 1 << 40}}}}
	if _, err := s.admitBranch(ctx, Head{}, w); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	<-s.joins
	if _, err := s.admitBranch(t.Context(), Head{}, w); Answer(err).Code != protocol.CodeBadRequest || len(s.joins) != 0 {
		t.Errorf("%v", err)
	}
}

func TestDepthOfABranch(t *testing.T) {
	t.Parallel()
	for common, want := range map[int64]protocol.Code{
		20_001: protocol.CodeBadRequest, 20_000: "", 10_000: "", 9_999: protocol.CodeTooLarge, 0: protocol.CodeTooLarge,
	} {
		err := checkDepth(Head{State: chain.State{Revision: 20_000}}, common)
		if (err == nil) != (want == "") || err != nil && Answer(err).Code != want {
			t.Errorf("from revision %d: %v", common, err)
		}
	}
}
