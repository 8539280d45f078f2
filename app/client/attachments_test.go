package client_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/server/daemon"
	"github.com/vaultsphere/vaultsphere/internal/testenv/daemontest"
)

// file returns n reproducible bytes, which differ in each chunk.
func file(n int) []byte {
	b := make([]byte, n)
	r := rand.New(rand.NewPCG(1, uint64(n)))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func (d *device) attach(t testing.TB, it item.Item, name string, data []byte) item.Item {
	t.Helper()
	saved, err := d.Attach(t.Context(), it.ID, name, data, nil)
	if err != nil {
		t.Fatal(err)
	}
	return saved
}

// stored lists the ids of the live attachments on the server.
func (d *device) stored(t testing.TB) []string {
	t.Helper()
	path := vaultOf(protocol.PathVaultAttachments, d.account(t).Vault)
	var ids []string
	for _, a := range fetch[protocol.VaultAttachments](t, d, path).Attachments {
		if a.Live {
			ids = append(ids, a.ID)
		}
	}
	return ids
}

func parse[T any](t testing.TB, body []byte) (v T) {
	t.Helper()
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func (d *device) wantFile(t testing.TB, it item.Item, name string, want []byte) {
	t.Helper()
	for _, a := range it.Attachments {
		if a.Name == name {
			got, err := d.Attachment(t.Context(), it.ID, a.ID, nil)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: %d bytes, %v, want %d", name, len(got), err, len(want))
			}
			return
		}
	}
	t.Errorf("the item has no %s: %+v", name, it.Attachments)
}

func TestFilesOfEverySizeComeBackOnAnotherDevice(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	it := d.save(t, login("bank"))
	files := map[string][]byte{
		"empty": {}, "a byte": file(1), "a piece": file(190 << 10), "a byte more": file(190<<10 + 1),
		"the largest.pdf": file(item.MaxAttachmentBytes),
	}
	for name, data := range files {
		var steps []int
		saved, err := d.Attach(t.Context(), it.ID, `C:\papers/`+name, data, func(done, total int) {
			if total != len(data) {
				t.Errorf("%s: the total is %d", name, total)
			}
			steps = append(steps, done)
		})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !slices.IsSorted(steps) || len(steps) == 0 || steps[len(steps)-1] != len(data) {
			t.Errorf("%s: progress was %v", name, steps)
		}
		it = saved
	}
	other := newDevice(t, server)
	other.login(t, "anna", "phone")
	other.sync(t)
	for name, data := range files {
		other.wantFile(t, other.get(t, it.ID), name, data)
	}
	if got := other.get(t, it.ID); got.Password != it.Password || len(got.Attachments) != len(files) {
		t.Errorf("the item is %+v", got)
	}
}

func TestAttachmentsOfOneNameGetNumbers(t *testing.T) {
	t.Parallel()
	d := newDevice(t, startServer(t))
	d.register(t, "anna")
	it := d.save(t, login("bank"))
	for _, content := range []string{"1", "2", "3"} {
		it = d.attach(t, it, "scan.pdf", []byte(content))
	}
	for name, content := range map[string]string{"scan.pdf": "1", "scan (2).pdf": "2", "scan (3).pdf": "3"} {
		d.wantFile(t, it, name, []byte(content))
	}
}

func TestFileThatCannotBeAttachedChangesNothing(t *testing.T) {
	t.Parallel()
	offline := errors.New("no network")
	for name, c := range map[string]struct {
		item, file string // no item: the one with an attachment
		size       int
		cut        bool // the network fails after the first chunk
		code       client.Code
		says       string
	}{
		"too large":       {"", "large", item.MaxAttachmentBytes + 1, false, client.CodeBadInput, "at most 10485760 bytes"},
		"without a name":  {"", "/", 1, false, client.CodeBadInput, "name"},
		"a long name":     {"", strings.Repeat("x", item.MaxAttachmentName+1), 1, false, client.CodeBadInput, "name"},
		"to no item":      {"x", "file", 1, false, client.CodeNotFound, "no such item"},
		"over the quota":  {"", "over", 2 << 20, false, client.Code(protocol.CodeQuotaReached), "quota is reached"},
		"on a bad line":   {"", "cut", 600 << 10, true, client.CodeOffline, "upload cut"},
		"with the escape": {"", "a\x1b[2Jb", 1, false, client.CodeBadInput, "name"},
	} {
		t.Run(name, func(t *testing.T) { // chunks of a failed upload count in the quota until the server drops them
			d := newDevice(t, daemontest.Start(t, func(c *daemon.Config) { c.AttachmentMiB = 1 }))
			d.register(t, "anna")
			it := d.attach(t, d.save(t, login("bank")), "small", []byte("x"))
			sent := 0
			d.wire.before = func(r *client.Request) (*client.Response, error) {
				if r.Method == http.MethodPut {
					if sent++; c.cut && sent > 1 {
						return nil, offline
					}
				}
				return nil, nil
			}
			_, err := d.Attach(t.Context(), cmp.Or(c.item, it.ID), c.file, file(c.size), nil)
			d.wire.before = nil
			if got := client.Explain(err); err == nil || got.Code != c.code || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: %v", got.Code, err)
			}
			if got := d.get(t, it.ID); !got.Equal(it) {
				t.Errorf("the item is %+v", got)
			}
			if got := d.stored(t); !slices.Equal(got, []string{it.Attachments[0].ID}) {
				t.Errorf("the server keeps %v", got)
			}
		})
	}
}

func TestCancelledUploadLeavesNothing(t *testing.T) {
	t.Parallel()
	d := newDevice(t, startServer(t))
	d.register(t, "anna")
	it := d.save(t, login("bank"))
	ctx, cancel := context.WithCancel(t.Context())
	_, err := d.Attach(ctx, it.ID, "large", file(1<<20), func(done, _ int) { cancel() })
	if client.Explain(err).Code != client.CodeCancelled {
		t.Errorf("the upload ended with %v", err)
	}
	if got := d.stored(t); len(got) != 0 {
		t.Errorf("the server keeps %v", got)
	}
	if got := d.get(t, it.ID); len(got.Attachments) != 0 {
		t.Errorf("the item has %v", got.Attachments)
	}
}

func TestUploadGoesOnAfterALostAnswer(t *testing.T) {
	t.Parallel()
	d := newDevice(t, startServer(t))
	d.register(t, "anna")
	it := d.attach(t, d.save(t, login("bank")), "first", []byte("x"))
	// Each chunk arrives twice, because a browser may repeat a request.
	d.wire.before = func(r *client.Request) (*client.Response, error) {
		if r.Method == http.MethodPut {
			if answer, err := d.wire.Transport.Do(t.Context(), *r); err != nil || answer.Status != 204 {
				t.Errorf("the first time: %d, %v", answer.Status, err)
			}
		}
		return nil, nil
	}
	it = d.attach(t, it, "second", file(400<<10))
	d.wantFile(t, it, "second", file(400<<10))
}

func chunkAt(vault, attachment, chunk string) string {
	return strings.NewReplacer("{vault}", vault, "{id}", attachment, "{chunk}", chunk).Replace(protocol.PathVaultChunk)
}

// A hostile server sends a wrong second chunk of an attachment with three.
func TestLiesAboutAttachmentsAreRefused(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	it := d.attach(t, d.save(t, login("bank")), "deed.pdf", file(500<<10))
	it = d.attach(t, it, "other.pdf", file(500<<10))
	honest := func(attachment int, number string) string {
		path := chunkAt(d.account(t).Vault, it.Attachments[attachment].ID, number)
		answer, err := d.wire.Transport.Do(t.Context(), client.Request{Method: "GET", Path: path, Limit: 1 << 20})
		if err != nil {
			t.Fatal(err)
		}
		return parse[protocol.Chunk](t, answer.Body).Token
	}
	second, vault := honest(0, "2"), d.account(t).Vault
	for name, token := range map[string]string{
		"chunk 1 again":              honest(0, "1"),
		"chunk 3":                    honest(0, "3"),
		"of another attachment":      honest(1, "2"),
		"a bit flipped":              second[:5000] + string(second[5000]^1) + second[5001:],
		"cut":                        second[:len(second)-4],
		"empty":                      "",
		"a token of the vault's":     d.fetch(t).Records[0].Token,
		"longer than a token can be": strings.Repeat("A", protocol.MaxChunkTokenBytes+4),
	} {
		d.wire.lie(edit(t, chunkAt(vault, it.Attachments[0].ID, "2"), func(p *protocol.Chunk) { p.Token = token }))
		data, err := d.Attachment(t.Context(), it.ID, it.Attachments[0].ID, nil)
		var wrong *client.AttachmentAlteredError
		if data != nil || !errors.As(err, &wrong) || client.Explain(err).Code != client.CodeAttachmentAltered ||
			!strings.Contains(err.Error(), "attachment deed.pdf was changed") || !strings.Contains(err.Error(), "chunk 2 of 3") {
			t.Errorf("%s: %d bytes, %v", name, len(data), err)
		}
	}
	d.wire.lie(nil)
	d.wantFile(t, it, "deed.pdf", file(500<<10))
}

func TestAttachmentThatTheServerLostIsNamed(t *testing.T) {
	t.Parallel()
	d := newDevice(t, startServer(t))
	d.register(t, "anna")
	it := d.attach(t, d.save(t, login("bank")), "deed.pdf", []byte("x"))
	d.wire.before = func(r *client.Request) (*client.Response, error) {
		if r.Method == http.MethodGet && isAt(*r, protocol.PathVaultChunk) {
			return &client.Response{Status: 404, Body: []byte(`{"code":"not_found","message":"no such chunk","request_id":"r"}`)}, nil
		}
		return nil, nil
	}
	_, err := d.Attachment(t.Context(), it.ID, it.Attachments[0].ID, nil)
	if !errors.Is(err, client.ErrAttachmentGone) || !strings.Contains(err.Error(), "deed.pdf") || client.Explain(err).Code != client.CodeNotFound {
		t.Errorf("got %v", err)
	}
	if _, err := d.Attachment(t.Context(), it.ID, "x", nil); !errors.Is(err, client.ErrNoAttachment) {
		t.Errorf("an attachment that the item does not have: %v", err)
	}
	it, err = d.RemoveAttachment(t.Context(), it.ID, it.Attachments[0].ID)
	if err != nil || len(it.Attachments) != 0 {
		t.Errorf("after removing it the item has %v, %v", it.Attachments, err)
	}
}

func TestFilesAttachedOnTwoDevicesAreBothThere(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	a, b := newDevice(t, server), newDevice(t, server)
	a.register(t, "anna")
	it := a.attach(t, a.save(t, login("bank")), "first", []byte("1"))
	b.login(t, "anna", "phone")
	b.sync(t)
	a.attach(t, it, "from a", []byte("a"))
	edited := b.get(t, it.ID)
	edited.Notes = "typed on b"
	b.attach(t, edited, "from b", []byte("b"))
	edited = b.save(t, edited) // based on the state before both attachments
	a.sync(t)
	for name, content := range map[string]string{"first": "1", "from a": "a", "from b": "b"} {
		a.wantFile(t, a.get(t, it.ID), name, []byte(content))
	}
	if got := a.get(t, it.ID); got.Notes != "typed on b" || len(got.Attachments) != 3 || len(edited.Attachments) != 3 {
		t.Errorf("the item is %+v", got)
	}
}

// The server keeps a removed attachment as long as an older version of an item refers to it. Deleting the last item that refers
// to an attachment deletes the attachment.
func TestUnreferencedAttachmentsAreDeleted(t *testing.T) {
	t.Parallel()
	d := newDevice(t, startServer(t))
	d.register(t, "anna")
	it := d.attach(t, d.save(t, login("bank")), "removed", []byte("1"))
	it = d.attach(t, it, "kept", []byte("2"))
	removed, rest := it.Attachments[0].ID, it.Attachments[1].ID
	it, err := d.RemoveAttachment(t.Context(), it.ID, removed)
	if err != nil {
		t.Fatal(err)
	}
	copied := it
	copied.ID, copied.Base = "", ""
	copied = d.save(t, copied) // refers to "kept" too
	if got := d.stored(t); len(got) != 2 {
		t.Errorf("the server keeps %v", got)
	}
	if err := d.Delete(t.Context(), []string{it.ID}); err != nil {
		t.Fatal(err)
	}
	if got := d.stored(t); !slices.Equal(got, []string{rest}) {
		t.Errorf("with a copy of the item left the server keeps %v, want %v", got, rest)
	}
	d.wantFile(t, copied, "kept", []byte("2"))
	if err := d.Delete(t.Context(), []string{copied.ID}); err != nil {
		t.Fatal(err)
	}
	if got := d.stored(t); len(got) != 0 {
		t.Errorf("without any item the server keeps %v", got)
	}
}

// A client that does not know attachments deleted their item.
func TestOrphansMakeRoom(t *testing.T) {
	t.Parallel()
	d := newDevice(t, daemontest.Start(t, func(c *daemon.Config) { c.AttachmentMiB = 1 }))
	d.register(t, "anna")
	it := d.attach(t, d.save(t, login("bank")), "named", []byte("x"))
	gone := d.attach(t, d.save(t, login("gone")), "orphan", file(700<<10))
	w, id := openWriter(t, d.wire.Transport), must(chain.ParseID(gone.ID))(t)
	for _, l := range w.live.Lines(chain.Bucket(id)) {
		if l.ID == id {
			w.ops = append(w.ops, chain.Operation{Line: l, Delete: true})
		}
	}
	w.send(t)
	d.sync(t)
	if got := d.stored(t); len(got) != 2 {
		t.Fatalf("the server keeps %v", got)
	}
	it = d.attach(t, it, "next", file(500<<10))
	d.wantFile(t, it, "next", file(500<<10))
	d.wantFile(t, it, "named", []byte("x"))
	if got := d.stored(t); len(got) != 2 {
		t.Errorf("the server keeps %v", got)
	}
}
