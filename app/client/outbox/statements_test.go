package outbox_test

import (
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client/outbox"
)

func TestStatementsSayWhatTheySaidWhenTheyWereSigned(t *testing.T) {
	t.Parallel()
	first := change("1", "a", "base", "old")
	first.Note(outbox.Statement{Revision: 5, Hash: "h", ID: "a"}, outbox.Statement{Revision: 5, Hash: "h", ID: "a"})
	if len(first.Statements()) != 1 {
		t.Fatalf("%+v", first.Statements())
	}
	second := change("2", "a", first.After.Base(), "new")
	list := outbox.Add(outbox.Add(nil, first), second)
	if len(list) != 1 || list[0].Statements()[0].After != first.After || first.Statements()[0].After != nil {
		t.Fatalf("an edit on top of a refused one: %+v", list)
	}
	rest := outbox.Made(list, "1", list[0].Statements()[0])
	if len(rest) != 1 || rest[0].After != second.After || rest[0].Before != first.After || rest[0].Base != first.After.Base() || rest[0].Signed != nil {
		t.Errorf("what is left of it: %+v", rest)
	}
	if rest := outbox.Made(outbox.Add(nil, first), "1", first.Statements()[0]); len(rest) != 0 {
		t.Errorf("an edit that is made: %+v", rest)
	}
	fresh := change("3", "b", "", "new item")
	fresh.Note(outbox.Statement{Revision: 6, Hash: "i", ID: "b"})
	gone := outbox.Change{Key: "4", ID: "b", Base: fresh.After.Base()}
	if list := outbox.Add(outbox.Add(nil, fresh), gone); len(list) != 2 {
		t.Errorf("the deletion of a new item that the server may show: %+v", list)
	}
}
