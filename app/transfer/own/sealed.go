package own

import (
	"encoding/json"
	"errors"

	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// sealedFile is VaultSphere JSON sealed with a password, see docs/export-format.md. Password and KDF are treated like those
// of a vault.
type sealedFile struct {
	Format  string   `json:"format"`
	Version int      `json:"version"`
	Salt    string   `json:"salt"`
	Argon2  argonOf  `json:"argon2id"`
	Chunks  []string `json:"chunks"`
}

type argonOf struct {
	MemoryKiB uint32 `json:"memory_kib"`
	Time      uint32 `json:"time"`
	Threads   uint8  `json:"threads"`
}

const sealedFormat = "vaultsphere-sealed"

// WriteSealed writes VaultSphere JSON sealed with a password.
func WriteSealed(items []parcel.Exported, password string) ([]byte, error) {
	content, err := WriteJSON(items, "")
	if err != nil {
		return nil, err
	}
	defer clear(content)
	return sealFile(content, password, seal.NewSalt())
}

func sealFile(content []byte, password string, salt seal.Salt) ([]byte, error) {
	cost := seal.DefaultParams
	key, err := exportKey(password, salt, cost)
	if err != nil {
		return nil, err
	}
	defer key.Wipe()
	chunks, err := key.SealExport(content)
	if err != nil {
		return nil, err
	}
	out, err := json.MarshalIndent(sealedFile{
		sealedFormat, version, salt.String(), argonOf{cost.MemoryKiB, cost.Time, cost.Threads}, chunks,
	}, "", " ")
	return append(out, '\n'), err
}

func exportKey(password string, salt seal.Salt, cost seal.Params) (seal.ExportKey, error) {
	master, err := seal.DeriveMasterKey(password, salt, cost)
	if err != nil {
		return seal.ExportKey{}, err
	}
	defer master.Wipe()
	return master.ExportKey(), nil
}

// Sealed is VaultSphere JSON sealed with a password.
var Sealed = source.Custom{Is: isSealed, Parse: readSealed}

func isSealed(in *source.Input) bool {
	return in.JSON()["format"] == sealedFormat
}

func readSealed(in *source.Input, b *source.Builder) error {
	text, err := in.Text()
	if err != nil {
		return err
	}
	var file sealedFile
	if err := strict.Unmarshal([]byte(text), &file); err != nil {
		return malformed(err)
	}
	if file.Version > version {
		return source.ErrNewerVersion
	}
	content, err := file.open(in.Options.Password)
	if err != nil {
		return err
	}
	return readItems(string(content), b)
}

func (f sealedFile) open(password string) ([]byte, error) {
	salt, err := seal.ParseSalt(f.Salt)
	if err != nil {
		return nil, source.Incomplete("salt")
	}
	cost := seal.Params{MemoryKiB: f.Argon2.MemoryKiB, Time: f.Argon2.Time, Threads: f.Argon2.Threads}
	// The cost comes from the file, so check it before allocating the memory.
	switch err := cost.Check(); {
	case errors.Is(err, seal.ErrKDFTooCostly):
		return nil, source.TooCostly()
	case err != nil:
		return nil, source.Malformed("VaultSphere")
	}
	if password == "" {
		return nil, source.ErrPasswordNeeded
	}
	key, err := exportKey(password, salt, cost)
	if err != nil {
		return nil, source.ErrWrongPassword
	}
	defer key.Wipe()
	content, err := key.OpenExport(f.Chunks)
	switch {
	case errors.Is(err, seal.ErrWrongKey):
		return nil, source.ErrWrongPassword
	case err != nil:
		return nil, source.ErrMalformed
	}
	return content, nil
}
