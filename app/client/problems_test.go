package client_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/client/imports"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
	"github.com/vaultsphere/vaultsphere/app/server/daemon"
	"github.com/vaultsphere/vaultsphere/app/transfer"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/internal/testenv/daemontest"
)

// wantProblem expects a single problem. It ignores Err, which only the command line prints.
func wantProblem(t *testing.T, got []transfer.Problem, want transfer.Problem) {
	t.Helper()
	if len(got) != 1 {
		t.Fatalf("problems %+v", got)
	}
	if named := got[0].Finding != (bridge.Finding{}); named != (want.Cause == bridge.Code(client.CodeBadInput)) && want.Code != parcel.UnreadableItem {
		t.Errorf("finding %+v of %s", got[0].Finding, want.Cause)
	}
	if got[0].Err, got[0].Finding = nil, (bridge.Finding{}); got[0] != want {
		t.Errorf("got %+v, want %+v", got[0], want)
	}
}

func TestImportReportsItemsThatAreNotUpdated(t *testing.T) {
	t.Parallel()
	d := newDevice(t, startServer(t))
	d.register(t, "anna")
	full := d.save(t, item.Item{Type: item.TypeLogin, Title: "Bank", Username: "anna", Password: "p", Notes: strings.Repeat("x", item.MaxNotes)})
	const table = "title,username,password,notes\nBank,anna,q,more\n"
	update := imports.ImportChoice{Changed: imports.ImportUpdate}
	report, err := d.plan(t, table).Run(t.Context(), update, nil)
	if err != nil {
		t.Fatal(err)
	}
	wantProblem(t, report.Problems, transfer.Problem{Row: 2, Title: "Bank", Code: parcel.NotMerged, Cause: bridge.Code(client.CodeBadInput)})

	plan := d.plan(t, table)
	if err := d.Delete(t.Context(), []string{full.ID}); err != nil {
		t.Fatal(err)
	}
	if report, err = plan.Run(t.Context(), update, nil); err != nil {
		t.Fatal(err)
	}
	wantProblem(t, report.Problems, transfer.Problem{Row: 2, Title: "Bank", Code: parcel.DeletedElsewhere})
}

func TestImportReportsAttachmentsThatAreNotStored(t *testing.T) {
	t.Parallel()
	d := newDevice(t, daemontest.Start(t, func(c *daemon.Config) { c.AttachmentMiB = 1 }))
	d.register(t, "anna")
	content := base64.StdEncoding.EncodeToString(make([]byte, 2<<20))
	report, err := d.plan(t, fmt.Sprintf(`{"format":"vaultsphere","version":1,"items":[
		{"type":"note","title":"Trip","files":[{"name":"map.png","data":%q}]}]}`, content)).Run(t.Context(), imports.ImportChoice{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	wantProblem(t, report.Problems, transfer.Problem{
		Row: 1, Title: "Trip", Code: parcel.AttachmentNotStored, Values: parcel.Values{Name: "map.png"}, Cause: bridge.Code(protocol.CodeQuotaReached),
	})
}

func TestExportReportsWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	d := newDevice(t, startServer(t))
	d.register(t, "anna")
	d.attach(t, d.save(t, login("Bank")), "contract.pdf", []byte("signed"))
	d.wire.before = func(r *client.Request) (*client.Response, error) {
		if r.Method == http.MethodGet && isAt(*r, protocol.PathVaultChunk) {
			return &client.Response{Status: http.StatusNotFound, Body: []byte(`{"code":"not_found","message":"x","request_id":"0123456789abcdef"}`)}, nil
		}
		return nil, nil
	}
	_, problems, err := d.Export(t.Context(), client.ExportOptions{Files: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	wantProblem(t, problems, transfer.Problem{
		Title: "Bank", Code: parcel.UnreadableAttachment, Values: parcel.Values{Name: "contract.pdf"}, Cause: bridge.Code(client.CodeNotFound),
	})

	storeBroken(t, d.wire.Transport, map[string]string{"secret": `{"card":{"brand":"x"}`})
	d.sync(t)
	if _, problems, err = d.Export(t.Context(), client.ExportOptions{}, nil); err != nil || len(problems) != 1 {
		t.Fatalf("problems %+v, %v", problems, err)
	}
	wantProblem(t, problems, transfer.Problem{Title: problems[0].Title, Code: parcel.UnreadableItem, Cause: bridge.Code(client.CodeRecordUnreadable)})
}
