package client

import (
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client/replica"
)

func TestIncompleteAttachmentsAreRefused(t *testing.T) {
	t.Parallel()
	for _, element := range []string{
		`{}`, `null`, `{"id":"a"}`, `{"id":"a","count":1}`, `{"id":"","count":1,"uploaded":"2026-01-02T03:04:05Z"}`,
		`{"id":"a","count":0,"uploaded":"2026-01-02T03:04:05Z"}`, `{"item_id":"a","kind":"overview","version":1,"revision":1}`,
	} {
		var list replica.CompleteList[wholeAttachment]
		if err := list.UnmarshalJSON([]byte("[" + element + "]")); err == nil {
			t.Errorf("%s is accepted as an attachment", element)
		}
	}
}
