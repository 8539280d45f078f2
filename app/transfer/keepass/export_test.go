package keepass

import (
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
)

// WriteCheapKDBX uses a cheap key derivation to keep tests fast.
func WriteCheapKDBX(items []parcel.Exported, password string) ([]byte, error) {
	return writeKDBXAt(argonCost{memory: 1 << 20, passes: 1, lanes: 1}, items, password)
}

// SealCheapKDBX seals the content of a version 4 file.
func SealCheapKDBX(plain []byte, password string) ([]byte, error) {
	return sealKDBX(plain, password, argonCost{memory: 8 << 10, passes: 1, lanes: 1})
}
