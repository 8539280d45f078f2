package item_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// No time, from here or from another device, makes an item that cannot be shown.
func TestEveryTimeHasEveryEncoding(t *testing.T) {
	t.Parallel()
	for _, at := range []time.Time{
		time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.FixedZone("", -12*3600)),
		time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(-5000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(1, 1, 1, 0, 0, 0, 1, time.UTC),
		time.UnixMilli(1<<53 - 1), time.UnixMilli(-1<<53 + 1), time.Unix(1<<62, 0), time.Unix(-1<<62, 0), time.Unix(0, 1), time.Unix(-1, 999_999_999),
	} {
		it := item.Item{
			Title: "t", Type: item.TypeLogin, Created: at, Modified: at, Trashed: at, Purge: at,
			PasswordHistory: []item.OldPassword{{Password: "p", Until: at}},
		}.Normalise()
		overview, err := item.ParseOverview(it.Overview())
		if err != nil {
			t.Fatalf("%s: %v", at, err)
		}
		details, err := item.ParseDetails(it.Details())
		if err != nil {
			t.Fatalf("%s: %v", at, err)
		}
		for _, it := range []item.Item{it, item.Join(overview, details)} {
			if _, err := json.Marshal(it); err != nil {
				t.Errorf("%s: %v", at, err)
			}
		}
	}
	for _, ms := range []int64{1<<53 - 1, -1<<53 + 1, 253402300800000, -62135596800001} {
		sealed := fmt.Sprintf(`{"created":%d,"modified":%d,"purge":%d,"title":"t","trashed":%d,"type":"login"}`, ms, ms, ms, ms)
		it, err := item.ParseOverview([]byte(sealed))
		if err != nil {
			t.Fatalf("%d: %v", ms, err)
		}
		if _, err := json.Marshal(it); err != nil {
			t.Errorf("%d: %v", ms, err)
		}
	}
}
