package server_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/internal/testenv/sample"
)

func chunkPath(id string, number any) string {
	return strings.NewReplacer("{id}", id, "{chunk}", fmt.Sprint(number)).Replace(protocol.PathChunk)
}

func attachmentPath(id string) string { return strings.Replace(protocol.PathAttachment, "{id}", id, 1) }

func (p *person) attachments() protocol.AttachmentsResponse {
	p.s.t.Helper()
	var out protocol.AttachmentsResponse
	p.call("GET", protocol.PathAttachments, nil).into(&out)
	return out
}

func TestAttachmentLifeCycle(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.register("alice")
	if got := p.attachments(); len(got.Attachments) != 0 || got.Quota != attachmentQuota || !got.Now.Equal(s.clock.Now()) {
		t.Errorf("without attachments: %+v", got)
	}
	id := sample.ID()
	first, second := protocol.Chunk{Count: 2, Token: sample.Token(300)}, protocol.Chunk{Count: 2, Token: sample.Token(100)}
	p.call("PUT", chunkPath(id, 2), second).want(204, "")
	s.clock.move(time.Minute)
	p.call("PUT", chunkPath(id, 1), first).want(204, "")
	p.call("PUT", chunkPath(id, 1), first).want(204, "")
	want := protocol.Attachment{ID: id, Count: 2, Chunks: 2, Bytes: int64(len(first.Token) + len(second.Token)), Uploaded: s.clock.Now()}
	if got := p.attachments().Attachments; len(got) != 1 || got[0] != want {
		t.Errorf("list is %+v, want %+v", got, want)
	}
	var got protocol.Chunk
	p.call("GET", chunkPath(id, 1), nil).into(&got)
	if got != first {
		t.Errorf("chunk 1 changed: %+v", got)
	}
	if r := p.vault(""); r.Revision != 0 || len(r.Records) != 0 {
		t.Errorf("an attachment appears in the vault: %+v", r)
	}

	eve := s.register("eve")
	eve.call("GET", chunkPath(id, 1), nil).want(404, protocol.CodeNotFound)
	eve.call("DELETE", attachmentPath(id), nil).want(404, protocol.CodeNotFound)
	s.call("GET", chunkPath(id, 1), nil).want(401, protocol.CodeUnauthorized)
	s.call("PUT", chunkPath(id, 1), first).want(401, protocol.CodeUnauthorized)

	p.call("DELETE", attachmentPath(id), nil).want(204, "")
	p.call("DELETE", attachmentPath(id), nil).want(404, protocol.CodeNotFound)
	p.call("GET", chunkPath(id, 1), nil).want(404, protocol.CodeNotFound)
}

func TestChunkIsNeverReplaced(t *testing.T) {
	t.Parallel()
	p := newSite(t).register("alice")
	id := sample.ID()
	chunk := protocol.Chunk{Count: 2, Token: sample.Token(100)}
	p.call("PUT", chunkPath(id, 1), chunk).want(204, "")
	p.call("PUT", chunkPath(id, 1), protocol.Chunk{Count: 2, Token: sample.Token(100)}).want(409, protocol.CodeConflict)
	p.call("PUT", chunkPath(id, 2), protocol.Chunk{Count: 3, Token: sample.Token(100)}).want(409, protocol.CodeConflict)
	var got protocol.Chunk
	p.call("GET", chunkPath(id, 1), nil).into(&got)
	if got != chunk {
		t.Error("the chunk was replaced")
	}
}

func TestAttachmentsAreLimitedByTheQuota(t *testing.T) {
	t.Parallel()
	p := newSite(t).register("alice")
	id := sample.ID()
	p.call("PUT", chunkPath(id, 1), protocol.Chunk{Count: 2, Token: sample.Token(2000)}).want(204, "")
	p.call("PUT", chunkPath(id, 2), protocol.Chunk{Count: 2, Token: sample.Token(2000)}).want(403, protocol.CodeQuotaReached)
	if got := p.attachments().Attachments; len(got) != 1 || got[0].Chunks != 1 {
		t.Errorf("list is %+v", got)
	}
	p.call("DELETE", attachmentPath(id), nil).want(204, "")
	p.call("PUT", chunkPath(sample.ID(), 1), protocol.Chunk{Count: 1, Token: sample.Token(2000)}).want(204, "")
}

func TestMalformedChunkIsRejected(t *testing.T) {
	t.Parallel()
	p := newSite(t).register("alice")
	good := protocol.Chunk{Count: 2, Token: sample.Token(100)}
	for name, c := range map[string]struct {
		path  string
		body  protocol.Chunk
		names string
		code  protocol.Code
	}{
		"id":            {chunkPath("x", 1), good, "id", protocol.CodeBadRequest},
		"number 0":      {chunkPath(sample.ID(), 0), good, "chunk", protocol.CodeBadRequest},
		"number 01":     {chunkPath(sample.ID(), "01"), good, "chunk", protocol.CodeBadRequest},
		"number x":      {chunkPath(sample.ID(), "x"), good, "chunk", protocol.CodeBadRequest},
		"number 55":     {chunkPath(sample.ID(), 55), protocol.Chunk{Count: 55, Token: good.Token}, "chunk", protocol.CodeBadRequest},
		"beyond count":  {chunkPath(sample.ID(), 3), good, "count", protocol.CodeBadRequest},
		"count 55":      {chunkPath(sample.ID(), 1), protocol.Chunk{Count: 55, Token: good.Token}, "count", protocol.CodeBadRequest},
		"no token":      {chunkPath(sample.ID(), 1), protocol.Chunk{Count: 1}, "token", protocol.CodeBadRequest},
		"token of text": {chunkPath(sample.ID(), 1), protocol.Chunk{Count: 1, Token: "hunter2"}, "token", protocol.CodeBadRequest},
		"large token":   {chunkPath(sample.ID(), 1), protocol.Chunk{Count: 1, Token: strings.Repeat("A", protocol.MaxChunkTokenBytes+4)}, "token", protocol.CodeTooLarge},
		"large body":    {chunkPath(sample.ID(), 1), protocol.Chunk{Count: 1, Token: strings.Repeat("A", 300_000)}, "body", protocol.CodeTooLarge},
	} {
		a := p.call("PUT", c.path, c.body)
		if a.code() != c.code || !strings.Contains(a.message(), c.names) || strings.Contains(a.message(), "hunter2") {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	p.call("GET", chunkPath(sample.ID(), "x"), nil).want(400, protocol.CodeBadRequest)
	p.call("DELETE", attachmentPath("x"), nil).want(400, protocol.CodeBadRequest)
	if got := p.attachments().Attachments; len(got) != 0 {
		t.Errorf("a rejected chunk was stored: %+v", got)
	}
}

func TestDeletedAccountLeavesNoAttachments(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.register("alice")
	id := sample.ID()
	p.call("PUT", chunkPath(id, 1), protocol.Chunk{Count: 1, Token: sample.Token(2000)}).want(204, "")
	p.call("POST", protocol.PathAccountDelete, protocol.DeleteAccountRequest{CurrentAuthKey: p.reg.AuthKey}).want(204, "")
	p.call("PUT", chunkPath(id, 1), protocol.Chunk{Count: 1, Token: sample.Token(2000)}).want(401, protocol.CodeUnauthorized)
	again := s.register("alice")
	again.call("GET", chunkPath(id, 1), nil).want(404, protocol.CodeNotFound)
	again.call("PUT", chunkPath(id, 1), protocol.Chunk{Count: 1, Token: sample.Token(2000)}).want(204, "")
}
