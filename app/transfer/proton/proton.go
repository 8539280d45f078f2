// Package proton reads exports of Proton Pass.
package proton

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// JSON is an export without its archive (https://proton.me/support/pass-export). Its members are those of item-v1.proto in
// Proton's web clients.
var JSON = source.Custom{Is: isJSON, Parse: readJSON}

func isJSON(in *source.Input) bool {
	top := in.JSON()
	_, vaults := top["vaults"].(map[string]any)
	_, version := top["version"].(string)
	return vaults && version
}

func readJSON(in *source.Input, b *source.Builder) error {
	return readItems(in.JSON(), nil, b)
}

// ZIP is an export with attachments.
var ZIP = source.Custom{Is: isZIP, Parse: readZIP}

func isZIP(in *source.Input) bool {
	return slices.Contains(in.ZIPNames(), "Proton Pass/data.json") || slices.Contains(in.ZIPNames(), "Proton Pass/data.pgp")
}

func readZIP(in *source.Input, b *source.Builder) error {
	if slices.Contains(in.ZIPNames(), "Proton Pass/data.pgp") {
		return source.ErrPGP
	}
	data, err := in.Unzip("Proton Pass/data.json")
	if err != nil {
		return err
	}
	top, err := source.DecodeObject(data)
	if err != nil {
		return err
	}
	files := map[string]parcel.Attached{}
	for _, name := range in.ZIPNames() {
		file, ok := strings.CutPrefix(name, "Proton Pass/files/")
		if !ok || file == "" {
			continue
		}
		data, err := in.Unzip(name)
		if err != nil {
			return err
		}
		files[file] = parcel.Attached{Name: fileName(file), Data: data}
	}
	return readItems(top, files, b)
}

// fileName removes the part that makes a name unique in the archive: a 16-character prefix, or a suffix before the
// extension.
func fileName(name string) string {
	const unique = 16
	if len(name) > unique+1 && name[unique] == '-' {
		return name[unique+1:]
	}
	ext := path.Ext(name)
	if stem := strings.TrimSuffix(name, ext); path.Ext(stem) != "" {
		return strings.TrimSuffix(stem, path.Ext(stem)) + ext
	}
	return name
}

// export holds what the items of an export refer to.
type export struct {
	b     *source.Builder
	files map[string]parcel.Attached // by the name in the item
}

func readItems(top source.Object, files map[string]parcel.Attached, b *source.Builder) error {
	if top.Yes("encrypted") {
		return source.ErrPGP
	}
	r := export{b, files}
	var items []source.Item
	vaults := top.Object("vaults")
	for _, id := range slices.Sorted(maps.Keys(vaults)) {
		vault := vaults.Object(id)
		name := vault.Text("name")
		folders := foldersOf(vault.Objects("folders"))
		items = append(items, vault.Items("items", func(o source.Object) string {
			if folder := folders[o.Text("folderId")]; folder != "" {
				return name + "/" + folder
			}
			return name
		})...)
	}
	b.Each(items, r.item)
	source.LeftFiles(b, slices.Collect(maps.Values(r.files)))
	return nil
}

// foldersOf returns the paths of the folders of a vault, by ID.
func foldersOf(list []source.Object) map[string]string {
	names, parents := map[string]string{}, map[string]string{}
	for _, f := range list {
		id := f.Text("folderId")
		names[id], parents[id] = f.Text("name"), f.Text("parentFolderId")
	}
	return source.FolderPaths(names, parents)
}
