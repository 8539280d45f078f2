package core_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge/core"
)

// double answers one method of each form; a call of any other panics.
type double struct {
	core.Core
	locked bool
}

var errDouble = errors.New("refused")

func (d *double) Lock(context.Context) error {
	d.locked = true
	return nil
}

func (*double) Get(_ context.Context, p core.ItemID) (item.Item, error) {
	if p.ID == "gone" {
		return item.Item{}, errDouble
	}
	return item.Item{ID: p.ID, Title: "Bank"}, nil
}

func (*double) List(context.Context, core.ListParams) (bridge.JSON[core.ListResult], error) {
	return bridge.JSON[core.ListResult](`{"total":0}`), nil
}

func (*double) Attach(_ context.Context, p core.NewAttachment, f bridge.File, progress func(done, total int)) (item.Item, error) {
	progress(len(f), len(f))
	return item.Item{ID: p.ID, Attachments: []item.Attachment{{Name: p.Name}}}, nil
}

func (*double) Attachment(context.Context, core.AttachmentOf, func(done, total int)) (bridge.File, error) {
	return bridge.File("content"), nil
}

func (*double) OpenItems(context.Context, client.ExportOptions, func(done, total int)) (core.Exported, bridge.File, error) {
	return core.Exported{Items: 1}, bridge.File("[]"), nil
}

func (*double) Follow(_ context.Context, report func(client.Notice)) error {
	report(client.Notice{Revision: 7})
	return nil
}

func TestCallOfEachForm(t *testing.T) {
	t.Parallel()
	d := &double{}
	for _, c := range []struct {
		name, params, json, file string
		sent                     []string
	}{
		{"lock", `{}`, `{}`, "", nil},
		{"get", `{"id":"a"}`, `{"id":"a","type":"","title":"Bank"}`, "", nil},
		{"list", `{"query":""}`, `{"total":0}`, "", nil},
		{"attach", `{"id":"a","name":"scan.pdf"}`, `{"id":"a","type":"","title":"","attachments":[{"id":"","name":"scan.pdf","sha256":"","size":0,"key":""}]}`, "", []string{`{"done":5,"total":5}`}},
		{"attachment", `{"id":"a","attachment":"b"}`, `{}`, "content", nil},
		{"open_items", `{"trash":false,"files":true}`, `{"items":1,"problems":null}`, "[]", nil},
		{"follow", `{}`, `{}`, "", []string{`{"revision":7,"sequence":0,"parted":false,"lost":false}`}},
	} {
		var sent []string
		r := bridge.Request{Params: []byte(c.params), File: bridge.File("12345"), Send: func(event []byte) { sent = append(sent, string(event)) }}
		got, err := core.Call(t.Context(), d, c.name, r)
		if err != nil || string(got.JSON) != c.json || string(got.File) != c.file {
			t.Errorf("%s: got %s and %q, %v", c.name, got.JSON, got.File, err)
		}
		if !slices.Equal(sent, c.sent) {
			t.Errorf("%s sent %v", c.name, sent)
		}
	}
	if !d.locked {
		t.Error("lock was not called")
	}
}

func TestRefusedCalls(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, params, says string }{
		{"no_such_method", `{}`, "no_such_method"},
		{"get", `{"id":"secret","extra":"secret"}`, "extra"},
		{"get", `{"id":7}`, "id"},
		{"get", `{"id":"secret"} {}`, "follows"},
		{"get", `{"id":"secret`, "JSON"},
		{"get", `{"id":x}`, "JSON"},
		{"get", ``, "empty"},
		{"lock", `{"force":true}`, "force"},
	} {
		_, err := core.Call(t.Context(), &double{}, c.name, bridge.Request{Params: []byte(c.params)})
		if !errors.Is(err, bridge.ErrInput) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s %s: %v", c.name, c.params, err)
		}
	}
	if _, err := core.Call(t.Context(), &double{}, "get", bridge.Request{Params: []byte(`{"id":"gone"}`)}); !errors.Is(err, errDouble) {
		t.Errorf("got %v", err)
	}
}
