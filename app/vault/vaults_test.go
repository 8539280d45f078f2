package vault_test

import (
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

func TestWriteReplacesOnly(t *testing.T) {
	t.Parallel()
	put := func(kind chain.RecordKind, item byte, version, epoch uint32) chain.Operation {
		return chain.Operation{Line: chain.Line{Kind: kind, ID: chain.ID{item}, Version: version, Epoch: epoch}}
	}
	del := func(o chain.Operation) chain.Operation { o.Delete = true; return o }
	overview, details := put(chain.RecordOverview, 1, 1, 1), put(chain.RecordDetails, 1, 1, 1)
	for name, c := range map[string]struct {
		ops  []chain.Operation
		want bool
	}{
		"delete":             {[]chain.Operation{del(overview), del(details)}, true},
		"new overview":       {[]chain.Operation{overview}, false},
		"replaced overview":  {[]chain.Operation{del(overview), put(chain.RecordOverview, 1, 2, 1)}, true},
		"next epoch":         {[]chain.Operation{del(overview), put(chain.RecordOverview, 1, 1, 2), del(details), put(chain.RecordDetails, 1, 1, 2)}, true},
		"another item":       {[]chain.Operation{del(overview), put(chain.RecordOverview, 2, 1, 1)}, false},
		"another kind":       {[]chain.Operation{del(overview), details}, false},
		"one more version":   {[]chain.Operation{del(overview), put(chain.RecordOverview, 1, 2, 1), put(chain.RecordDetails, 1, 2, 1)}, false},
		"attachment":         {[]chain.Operation{put(chain.Attachment, 1, 1, 0)}, true},
		"deleted attachment": {[]chain.Operation{del(put(chain.Attachment, 1, 1, 0))}, true},
	} {
		if got := (vault.WriteChange{Operations: c.ops}).Replaces(); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
