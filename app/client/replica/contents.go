package replica

import (
	"crypto/sha256"
	"encoding/base64"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// Contents is the overview and the details of an item in canonical encoding, including unknown members.
type Contents struct {
	Meta   []byte `json:"meta"`
	Secret []byte `json:"secret"`
}

// ContentsOf returns the contents of a normalised item.
func ContentsOf(it item.Item) *Contents { return &Contents{it.Overview(), it.Details()} }

// Open returns the item that has the contents.
func (p *Contents) Open(id string) (item.Item, error) {
	meta, err := item.ParseOverview(p.Meta)
	if err != nil {
		return item.Item{}, err
	}
	meta.ID = id
	return meta.Open(p.Secret)
}

// Base returns the Item.Base of the state with these contents. Unlike that of a stored version, it has no dot.
func (p *Contents) Base() string {
	h := sha256.New()
	_, _ = h.Write(p.Meta) // a hash never returns an error
	_, _ = h.Write([]byte{0})
	_, _ = h.Write(p.Secret)
	return "waiting-" + base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:12])
}
