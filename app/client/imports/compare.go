package imports

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
)

// compare determines the status of each item of the file.
func (p *Import) compare(ctx context.Context, r *replica.Replica) error {
	known := byPlace(r)
	seen := map[[sha256.Size]byte]bool{}
	for _, in := range p.result.Items {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		e := importEntry{Imported: in, status: ImportNew}
		digest := e.digest()
		switch {
		case seen[digest]:
			e.status = ImportRepeated
		default:
			e.status, e.existing = find(r, known, in)
		}
		seen[digest] = true
		p.entries = append(p.entries, e)
	}
	return nil
}

// digest is equal for items with equal values, whatever their times.
func (e importEntry) digest() [sha256.Size]byte {
	it := e.Item
	it.Created, it.Modified = item.Item{}.Created, item.Item{}.Modified
	h := sha256.New()
	h.Write(it.Overview())
	h.Write(it.Details())
	for _, f := range e.Files {
		content := sha256.Sum256(f.Data)
		h.Write(item.AppendString(content[:], f.Name))
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// byPlace lists the items by the keys of places.
func byPlace(r *replica.Replica) map[string][]*replica.Entry {
	out := map[string][]*replica.Entry{}
	for _, e := range r.All() {
		if e.Err == nil {
			for _, place := range places(e.Overview) {
				out[place] = append(out[place], e)
			}
		}
	}
	return out
}

// places are the keys under which two items may be the same: the username at each of its hosts for a login, the title for other
// types and for a login without a URL.
func places(it item.Item) []string {
	user := "\x00" + strings.ToLower(it.Username)
	var out []string
	if it.Type == item.TypeLogin {
		for _, address := range it.URLs {
			if host := hostOf(address) + user; !slices.Contains(out, host) {
				out = append(out, host)
			}
		}
	}
	if len(out) == 0 {
		out = append(out, string(it.Type)+"\x00"+strings.ToLower(it.Title)+user)
	}
	return out
}

// hostOf returns the host of a URL, without www, or the whole text if it has no host.
func hostOf(address string) string {
	full := strings.ToLower(address)
	if !strings.Contains(full, "://") {
		full = "https://" + full
	}
	if u, err := url.Parse(full); err == nil && u.Hostname() != "" {
		return strings.TrimPrefix(u.Hostname(), "www.")
	}
	return strings.ToLower(address)
}

// find looks for an identical item in the vault, and then for one of the same place.
func find(r *replica.Replica, known map[string][]*replica.Entry, in parcel.Imported) (ImportStatus, string) {
	status, id := ImportNew, ""
	for _, place := range places(in.Item) {
		for _, e := range known[place] {
			have, err := r.Open(e)
			if err == nil { // as Export returns them
				have.PasswordHistory, err = r.PastPasswords(e, have)
			}
			switch {
			case err != nil:
			case have.Covers(in.Item) && !slices.ContainsFunc(in.Files, func(f parcel.Attached) bool { return !hasFile(have, f) }):
				return ImportIdentical, e.ID
			case id == "" && have.CanUpdateFrom(in.Item):
				status, id = ImportChanged, e.ID
			}
		}
	}
	return status, id
}

// updated merges an imported item into the one it matches. The old password stays in the versions of the vault, an old
// authenticator key in a field.
func updated(have, in item.Item) item.Item {
	if in.TOTP != "" && in.TOTP != have.TOTP && have.TOTP != "" {
		have.Fields = append(slices.Clip(have.Fields), item.Field{Name: "TOTP before the import", Value: have.TOTP, Kind: item.FieldHidden})
	}
	return have.UpdateFrom(in)
}

// hasFile compares contents: the name may have changed when the file was attached.
func hasFile(it item.Item, f parcel.Attached) bool {
	sum := sha256.Sum256(f.Data)
	return slices.ContainsFunc(it.Attachments, func(a item.Attachment) bool { return a.SHA256 == hex.EncodeToString(sum[:]) })
}
