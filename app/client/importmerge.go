package client

import (
	"slices"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// updated is have, brought up to what in says, for two items that find has found to belong together. The password of
// have goes on in the versions that the vault keeps; nothing else that have says is lost.
func updated(have, in item.Item) item.Item {
	out := have.Clone()
	if in.TOTP != "" && in.TOTP != have.TOTP && have.TOTP != "" {
		out.Fields = append(out.Fields, item.Field{Name: "TOTP before the import", Value: have.TOTP, Kind: item.FieldHidden})
	}
	replace(&out.Password, in.Password)
	replace(&out.TOTP, in.TOTP)
	switch {
	case strings.Contains(have.Notes, in.Notes):
	case strings.Contains(in.Notes, have.Notes):
		out.Notes = in.Notes
	default:
		out.Notes = have.Notes + "\n\n" + in.Notes
	}
	for _, address := range in.URLs {
		if rule := in.Match[address]; !slices.Contains(have.URLs, address) && rule != item.MatchDomain {
			if out.Match == nil {
				out.Match = map[string]item.MatchRule{}
			}
			out.Match[address] = rule
		}
	}
	out.URLs = union(have.URLs, in.URLs)
	out.Tags = union(have.Tags, in.Tags)
	out.Fields = union(out.Fields, in.Fields)
	for _, old := range in.PasswordHistory {
		if !slices.ContainsFunc(out.PasswordHistory, old.Equal) {
			out.PasswordHistory = append(out.PasswordHistory, old)
		}
	}
	out.PasswordHistory = out.PasswordHistory[:min(len(out.PasswordHistory), item.MaxPasswordHistory)]
	out.Favourite = have.Favourite || in.Favourite
	return out.Normalise()
}

func replace(to *string, value string) {
	if value != "" {
		*to = value
	}
}

// union is a and what b has beyond it. It does not write into a.
func union[T comparable](a, b []T) []T {
	out := slices.Clone(a)
	for _, e := range b {
		if !slices.Contains(out, e) {
			out = append(out, e)
		}
	}
	return out
}
