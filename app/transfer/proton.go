package transfer

import (
	"maps"
	"path"
	"slices"
	"strings"
)

// https://proton.me/support/pass-export. The members are those of item-v1.proto in Proton's web clients, in JSON.

// protonJSON is an export alone, or what was in its archive.
var protonJSON = custom{is: isProtonJSON, parse: readProtonJSON}

func isProtonJSON(in *input) bool {
	top := in.json()
	_, vaults := top["vaults"].(map[string]any)
	_, version := top["version"].(string)
	return vaults && version
}

func readProtonJSON(in *input, b *builder) error {
	return readProton(in.json(), nil, b)
}

// protonZIP is an export with its files.
var protonZIP = custom{is: isProtonZIP, parse: readProtonZIP}

func isProtonZIP(in *input) bool {
	return slices.Contains(in.zipNames(), "Proton Pass/data.json") || slices.Contains(in.zipNames(), "Proton Pass/data.pgp")
}

func readProtonZIP(in *input, b *builder) error {
	if slices.Contains(in.zipNames(), "Proton Pass/data.pgp") {
		return ErrPGP
	}
	data, err := in.unzip("Proton Pass/data.json")
	if err != nil {
		return err
	}
	top, err := decodeObject(data)
	if err != nil {
		return err
	}
	files := map[string]Attached{}
	for _, name := range in.zipNames() {
		file, ok := strings.CutPrefix(name, "Proton Pass/files/")
		if !ok || file == "" {
			continue
		}
		data, err := in.unzip(name)
		if err != nil {
			return err
		}
		files[file] = Attached{Name: protonFileName(file), Data: data}
	}
	return readProton(top, files, b)
}

// protonFileName takes away what makes the name unique in the archive: 16 characters before it, or a point and some before
// its extension.
func protonFileName(name string) string {
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

// proton reads the items of one export.
type proton struct {
	b     *builder
	files map[string]Attached // by the name that an item gives them
}

func readProton(top object, files map[string]Attached, b *builder) error {
	if top.yes("encrypted") {
		return ErrPGP
	}
	r := proton{b, files}
	var entries []groupedEntry
	vaults := top.object("vaults")
	for _, id := range slices.Sorted(maps.Keys(vaults)) {
		vault := vaults.object(id)
		name := vault.text("name")
		folders := protonFolders(vault.objects("folders"))
		entries = append(entries, vault.entries("items", func(o object) string {
			if folder := folders[o.text("folderId")]; folder != "" {
				return name + "/" + folder
			}
			return name
		})...)
	}
	b.each(entries, r.item)
	leftFiles(b, slices.Collect(maps.Values(r.files)))
	return nil
}

// protonFolders are the paths of the folders of a vault, by id.
func protonFolders(list []object) map[string]string {
	names, parents := map[string]string{}, map[string]string{}
	for _, f := range list {
		id := f.text("folderId")
		names[id], parents[id] = f.text("name"), f.text("parentFolderId")
	}
	return folderPaths(names, parents)
}
