package server_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/sample"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

func (p *person) chunkPath(id string, number any) string {
	return strings.NewReplacer("{id}", id, "{chunk}", fmt.Sprint(number)).Replace(p.vaultPath(protocol.PathVaultChunk))
}

func (p *person) attachments() protocol.VaultAttachments {
	p.s.t.Helper()
	var out protocol.VaultAttachments
	p.call("GET", p.vaultPath(protocol.PathVaultAttachments), nil).into(&out)
	return out
}

func (p *person) upload(c vault.Chunk) answer {
	p.s.t.Helper()
	return p.call("PUT", p.chunkPath(c.Attachment.String(), c.Number), protocol.Chunk{Count: c.Count, Token: c.Token})
}

func TestAttachmentLifeCycle(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.register("alice")
	if got := p.attachments(); len(got.Attachments) != 0 || got.Quota != attachmentQuota || got.Now != s.clock.Now().UnixMilli() {
		t.Errorf("without attachments: %+v", got)
	}
	chunks := testvault.Chunks("first", "second")
	id := chunks[0].Attachment
	attach := p.v.Draft(testvault.Attach(id, chunks))
	p.upload(chunks[1]).want(204, "")
	p.send(attach).want(400, protocol.CodeBadRequest)
	p.upload(chunks[0]).want(204, "")
	p.upload(chunks[0]).want(204, "")
	want := protocol.VaultAttachment{ID: id.String(), Count: 2, Chunks: 2, Bytes: int64(len(chunks[0].Token) + len(chunks[1].Token))}
	if got := p.attachments().Attachments; len(got) != 1 || got[0] != want {
		t.Errorf("list is %+v, want %+v", got, want)
	}
	if r := p.vault(""); len(r.Records) != 0 {
		t.Errorf("a pending attachment appears in the vault: %+v", r)
	}
	p.send(attach).want(204, "")
	want.Live = true
	if got := p.attachments().Attachments; len(got) != 1 || got[0] != want {
		t.Errorf("list is %+v, want %+v", got, want)
	}
	var got protocol.Chunk
	p.call("GET", p.chunkPath(id.String(), 1), nil).into(&got)
	if got != (protocol.Chunk{Count: 2, Token: chunks[0].Token}) {
		t.Errorf("chunk 1 changed: %+v", got)
	}
	if r := p.vault(""); len(r.Records) != 1 || r.Records[0].Kind != protocol.RecordAttachment || r.Records[0].Hash == "" {
		t.Errorf("the records: %+v", r.Records)
	}

	eve := s.register("eve")
	eve.call("GET", p.chunkPath(id.String(), 1), nil).want(404, protocol.CodeNotFound)
	eve.call("GET", eve.chunkPath(id.String(), 1), nil).want(404, protocol.CodeNotFound)
	s.call("GET", p.chunkPath(id.String(), 1), nil).want(401, protocol.CodeUnauthorized)
	s.call("PUT", p.chunkPath(id.String(), 1), got).want(401, protocol.CodeUnauthorized)

	p.send(p.v.Draft(testvault.Delete(testvault.Attach(id, chunks)))).want(204, "")
	p.call("GET", p.chunkPath(id.String(), 1), nil).want(200, "")
	p.call("PUT", p.chunkPath(id.String(), 1), protocol.Chunk{Count: 2, Token: sample.Token(100)}).want(409, protocol.CodeConflict)
}

func TestChunkIsNeverReplaced(t *testing.T) {
	t.Parallel()
	p := newSite(t).register("alice")
	id := sample.ID()
	chunk := protocol.Chunk{Count: 2, Token: sample.Token(100)}
	p.call("PUT", p.chunkPath(id, 1), chunk).want(204, "")
	p.call("PUT", p.chunkPath(id, 1), protocol.Chunk{Count: 2, Token: sample.Token(100)}).want(409, protocol.CodeConflict)
	p.call("PUT", p.chunkPath(id, 2), protocol.Chunk{Count: 3, Token: sample.Token(100)}).want(409, protocol.CodeConflict)
	var got protocol.Chunk
	p.call("GET", p.chunkPath(id, 1), nil).into(&got)
	if got != chunk {
		t.Error("the chunk was replaced")
	}
}

func TestAttachmentsAreLimitedByTheQuota(t *testing.T) {
	t.Parallel()
	p := newSite(t).register("alice")
	whole := testvault.Chunks(strings.Repeat("x", 2000))
	attach := testvault.Attach(whole[0].Attachment, whole)
	p.upload(whole[0]).want(204, "")
	p.send(p.v.Draft(attach)).want(204, "")
	p.call("PUT", p.chunkPath(sample.ID(), 1), protocol.Chunk{Count: 1, Token: sample.Token(2000)}).want(403, protocol.CodeQuotaReached)
	if got := p.attachments().Attachments; len(got) != 1 || got[0].Chunks != 1 {
		t.Errorf("list is %+v", got)
	}
	p.send(p.v.Draft(testvault.Delete(attach))).want(204, "")
	p.call("PUT", p.chunkPath(sample.ID(), 1), protocol.Chunk{Count: 1, Token: sample.Token(2000)}).want(204, "")
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
		"id":            {p.chunkPath("x", 1), good, "id", protocol.CodeBadRequest},
		"number 0":      {p.chunkPath(sample.ID(), 0), good, "chunk", protocol.CodeBadRequest},
		"number 01":     {p.chunkPath(sample.ID(), "01"), good, "chunk", protocol.CodeBadRequest},
		"number x":      {p.chunkPath(sample.ID(), "x"), good, "chunk", protocol.CodeBadRequest},
		"number 55":     {p.chunkPath(sample.ID(), 55), protocol.Chunk{Count: 55, Token: good.Token}, "chunk", protocol.CodeBadRequest},
		"beyond count":  {p.chunkPath(sample.ID(), 3), good, "count", protocol.CodeBadRequest},
		"count 55":      {p.chunkPath(sample.ID(), 1), protocol.Chunk{Count: 55, Token: good.Token}, "count", protocol.CodeBadRequest},
		"no token":      {p.chunkPath(sample.ID(), 1), protocol.Chunk{Count: 1}, "token", protocol.CodeBadRequest},
		"token of text": {p.chunkPath(sample.ID(), 1), protocol.Chunk{Count: 1, Token: "hunter2"}, "token", protocol.CodeBadRequest},
		"large token":   {p.chunkPath(sample.ID(), 1), protocol.Chunk{Count: 1, Token: strings.Repeat("A", protocol.MaxChunkTokenBytes+4)}, "token", protocol.CodeTooLarge},
		"large body":    {p.chunkPath(sample.ID(), 1), protocol.Chunk{Count: 1, Token: strings.Repeat("A", 300_000)}, "body", protocol.CodeTooLarge},
	} {
		a := p.call("PUT", c.path, c.body)
		if a.code() != c.code || !strings.Contains(a.message(), c.names) || strings.Contains(a.message(), "hunter2") {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	p.call("GET", p.chunkPath(sample.ID(), "x"), nil).want(400, protocol.CodeBadRequest)
	if got := p.attachments().Attachments; len(got) != 0 {
		t.Errorf("a rejected chunk was stored: %+v", got)
	}
}

func TestDeletedAccountLeavesNoAttachments(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.register("alice")
	id := sample.ID()
	p.call("PUT", p.chunkPath(id, 1), protocol.Chunk{Count: 1, Token: sample.Token(2000)}).want(204, "")
	p.call("POST", protocol.PathAccountDelete, protocol.DeleteAccountRequest{CurrentAuthKey: p.authKey}).want(204, "")
	p.call("PUT", p.chunkPath(id, 1), protocol.Chunk{Count: 1, Token: sample.Token(2000)}).want(401, protocol.CodeUnauthorized)
	again := s.register("alice")
	again.call("GET", again.chunkPath(id, 1), nil).want(404, protocol.CodeNotFound)
	again.call("PUT", again.chunkPath(id, 1), protocol.Chunk{Count: 1, Token: sample.Token(2000)}).want(204, "")
}
