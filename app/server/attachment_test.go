package server_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/internal/testenv/sample"
)

func piecePath(id string, number any) string {
	return strings.NewReplacer("{id}", id, "{piece}", fmt.Sprint(number)).Replace(protocol.PathPiece)
}

func attachmentPath(id string) string { return strings.Replace(protocol.PathAttachment, "{id}", id, 1) }

func (p *person) attachments() protocol.AttachmentsResponse {
	p.s.t.Helper()
	var out protocol.AttachmentsResponse
	p.call("GET", protocol.PathAttachments, nil).into(&out)
	return out
}

func TestAttachmentIsStoredListedReadAndDeleted(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.register("alice")
	if got := p.attachments(); len(got.Attachments) != 0 || got.Quota != attachmentQuota || !got.Now.Equal(s.clock.Now()) {
		t.Errorf("without any: %+v", got)
	}
	id := sample.ID()
	first, second := protocol.Piece{Count: 2, Token: sample.Token(300)}, protocol.Piece{Count: 2, Token: sample.Token(100)}
	p.call("PUT", piecePath(id, 2), second).want(204, "")
	s.clock.move(time.Minute)
	p.call("PUT", piecePath(id, 1), first).want(204, "")
	p.call("PUT", piecePath(id, 1), first).want(204, "")
	want := protocol.Attachment{ID: id, Count: 2, Pieces: 2, Bytes: int64(len(first.Token) + len(second.Token)), Uploaded: s.clock.Now()}
	if got := p.attachments().Attachments; len(got) != 1 || got[0] != want {
		t.Errorf("list is %+v, want %+v", got, want)
	}
	var got protocol.Piece
	p.call("GET", piecePath(id, 1), nil).into(&got)
	if got != first {
		t.Errorf("piece 1 is another: %+v", got)
	}
	if r := p.vault(""); r.Revision != 0 || len(r.Records) != 0 {
		t.Errorf("an attachment shows in the vault: %+v", r)
	}

	eve := s.register("eve")
	eve.call("GET", piecePath(id, 1), nil).want(404, protocol.CodeNotFound)
	eve.call("DELETE", attachmentPath(id), nil).want(404, protocol.CodeNotFound)
	s.call("GET", piecePath(id, 1), nil).want(401, protocol.CodeUnauthorized)
	s.call("PUT", piecePath(id, 1), first).want(401, protocol.CodeUnauthorized)

	p.call("DELETE", attachmentPath(id), nil).want(204, "")
	p.call("DELETE", attachmentPath(id), nil).want(404, protocol.CodeNotFound)
	p.call("GET", piecePath(id, 1), nil).want(404, protocol.CodeNotFound)
}

func TestPieceIsNeverReplaced(t *testing.T) {
	t.Parallel()
	p := newSite(t).register("alice")
	id := sample.ID()
	piece := protocol.Piece{Count: 2, Token: sample.Token(100)}
	p.call("PUT", piecePath(id, 1), piece).want(204, "")
	p.call("PUT", piecePath(id, 1), protocol.Piece{Count: 2, Token: sample.Token(100)}).want(409, protocol.CodeConflict)
	p.call("PUT", piecePath(id, 2), protocol.Piece{Count: 3, Token: sample.Token(100)}).want(409, protocol.CodeConflict)
	var got protocol.Piece
	p.call("GET", piecePath(id, 1), nil).into(&got)
	if got != piece {
		t.Error("the piece is another")
	}
}

func TestAttachmentsEndAtTheQuota(t *testing.T) {
	t.Parallel()
	p := newSite(t).register("alice")
	id := sample.ID()
	p.call("PUT", piecePath(id, 1), protocol.Piece{Count: 2, Token: sample.Token(2000)}).want(204, "")
	p.call("PUT", piecePath(id, 2), protocol.Piece{Count: 2, Token: sample.Token(2000)}).want(403, protocol.CodeQuotaReached)
	if got := p.attachments().Attachments; len(got) != 1 || got[0].Pieces != 1 {
		t.Errorf("list is %+v", got)
	}
	p.call("DELETE", attachmentPath(id), nil).want(204, "")
	p.call("PUT", piecePath(sample.ID(), 1), protocol.Piece{Count: 1, Token: sample.Token(2000)}).want(204, "")
}

func TestPieceThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	p := newSite(t).register("alice")
	good := protocol.Piece{Count: 2, Token: sample.Token(100)}
	for name, c := range map[string]struct {
		path  string
		body  protocol.Piece
		names string
		code  protocol.Code
	}{
		"id":            {piecePath("x", 1), good, "id", protocol.CodeBadRequest},
		"number 0":      {piecePath(sample.ID(), 0), good, "piece", protocol.CodeBadRequest},
		"number 01":     {piecePath(sample.ID(), "01"), good, "piece", protocol.CodeBadRequest},
		"number x":      {piecePath(sample.ID(), "x"), good, "piece", protocol.CodeBadRequest},
		"number 55":     {piecePath(sample.ID(), 55), protocol.Piece{Count: 55, Token: good.Token}, "piece", protocol.CodeBadRequest},
		"beyond count":  {piecePath(sample.ID(), 3), good, "count", protocol.CodeBadRequest},
		"count 55":      {piecePath(sample.ID(), 1), protocol.Piece{Count: 55, Token: good.Token}, "count", protocol.CodeBadRequest},
		"no token":      {piecePath(sample.ID(), 1), protocol.Piece{Count: 1}, "token", protocol.CodeBadRequest},
		"token of text": {piecePath(sample.ID(), 1), protocol.Piece{Count: 1, Token: "hunter2"}, "token", protocol.CodeBadRequest},
		"large token":   {piecePath(sample.ID(), 1), protocol.Piece{Count: 1, Token: strings.Repeat("A", protocol.MaxPieceTokenBytes+4)}, "token", protocol.CodeTooLarge},
		"large body":    {piecePath(sample.ID(), 1), protocol.Piece{Count: 1, Token: strings.Repeat("A", 300_000)}, "body", protocol.CodeTooLarge},
	} {
		a := p.call("PUT", c.path, c.body)
		if a.code() != c.code || !strings.Contains(a.message(), c.names) || strings.Contains(a.message(), "hunter2") {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	p.call("GET", piecePath(sample.ID(), "x"), nil).want(400, protocol.CodeBadRequest)
	p.call("DELETE", attachmentPath("x"), nil).want(400, protocol.CodeBadRequest)
	if got := p.attachments().Attachments; len(got) != 0 {
		t.Errorf("something was stored: %+v", got)
	}
}

func TestDeletedAccountLeavesNoAttachments(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.register("alice")
	id := sample.ID()
	p.call("PUT", piecePath(id, 1), protocol.Piece{Count: 1, Token: sample.Token(2000)}).want(204, "")
	p.call("POST", protocol.PathAccountDelete, protocol.DeleteAccountRequest{CurrentAuthKey: p.reg.AuthKey}).want(204, "")
	p.call("PUT", piecePath(id, 1), protocol.Piece{Count: 1, Token: sample.Token(2000)}).want(401, protocol.CodeUnauthorized)
	again := s.register("alice")
	again.call("GET", piecePath(id, 1), nil).want(404, protocol.CodeNotFound)
	again.call("PUT", piecePath(id, 1), protocol.Piece{Count: 1, Token: sample.Token(2000)}).want(204, "")
}
