package transfer

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/seal"
)

// sealedFile is the own format, sealed by a password: docs/export-format.md. The password and the KDF are treated as
// those of a vault.
type sealedFile struct {
	Format  string   `json:"format"`
	Version int      `json:"version"`
	Salt    string   `json:"salt"`
	Argon2  argonOf  `json:"argon2id"`
	Pieces  []string `json:"pieces"`
}

type argonOf struct {
	MemoryKiB uint32 `json:"memory_kib"`
	Time      uint32 `json:"time"`
	Threads   uint8  `json:"threads"`
}

const sealedFormat = "vaultsphere-sealed"

func writeSealed(items []Exported, o WriteOptions) ([]byte, error) {
	content, err := writeJSON(items, o)
	if err != nil {
		return nil, err
	}
	defer clear(content)
	return sealFile(content, o.Password, seal.NewSalt())
}

func sealFile(content []byte, password string, salt seal.Salt) ([]byte, error) {
	cost := seal.DefaultParams
	key, err := exportKey(password, salt, cost)
	if err != nil {
		return nil, err
	}
	defer key.Wipe()
	pieces, err := key.SealExport(content)
	if err != nil {
		return nil, err
	}
	out, err := json.MarshalIndent(sealedFile{
		sealedFormat, ownVersion, salt.String(), argonOf{cost.MemoryKiB, cost.Time, cost.Threads}, pieces,
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

// sealedSource is the own format, sealed by a password.
var sealedSource = custom{is: isSealed, parse: readSealed}

func isSealed(in *input) bool {
	return in.json()["format"] == sealedFormat
}

func readSealed(in *input, b *builder) error {
	text, err := in.text()
	if err != nil {
		return err
	}
	var file sealedFile
	if err := strict(strings.NewReader(text), &file); err != nil {
		return fmt.Errorf("%w: it is not an export of VaultSphere as documented", ErrMalformed)
	}
	if file.Version > ownVersion {
		return ErrNewerVersion
	}
	content, err := file.open(in.options.Password)
	if err != nil {
		return err
	}
	return readOwn(string(content), b)
}

func (f sealedFile) open(password string) ([]byte, error) {
	salt, err := seal.ParseSalt(f.Salt)
	if err != nil {
		return nil, fmt.Errorf("%w: the salt is none", ErrMalformed)
	}
	cost := seal.Params{MemoryKiB: f.Argon2.MemoryKiB, Time: f.Argon2.Time, Threads: f.Argon2.Threads}
	// The cost is checked first: it is the file's word, and a gigabyte of memory for it is taken at once.
	if err := cost.Check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if password == "" {
		return nil, ErrPasswordNeeded
	}
	key, err := exportKey(password, salt, cost)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrWrongPassword, err)
	}
	defer key.Wipe()
	content, err := key.OpenExport(f.Pieces)
	switch {
	case errors.Is(err, seal.ErrWrongKey):
		return nil, ErrWrongPassword
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return content, nil
}
