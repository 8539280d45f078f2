package client_test

import (
	"slices"
	"strings"
	"testing"
)

// olderWords turns a chunk of the cache into the encoding of older releases.
var olderWords = strings.NewReplacer(`"item_id"`, `"account_id"`, `"kind":"overview"`, `"kind":"account"`, `"kind":"details"`, `"kind":"password"`)

func TestCacheOfAnOlderReleaseIsRead(t *testing.T) {
	t.Parallel()
	server, d, _, _ := cachedVault(t)
	d.cache.change(t, "vault", func(p [][]byte) [][]byte {
		for i := range p {
			p[i] = []byte(olderWords.Replace(string(p[i])))
		}
		if all := string(slices.Concat(p...)); !strings.Contains(all, `"account_id"`) {
			t.Fatal("the cache has no records")
		}
		return p
	})
	d = d.cutOff(t, server)
	d.unlock(t)
	if got := d.titles(t, ""); len(got) != 2 {
		t.Errorf("the cache holds %q", got)
	}
}
