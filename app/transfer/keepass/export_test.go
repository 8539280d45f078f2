package keepass

import (
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
)

// WriteCheapKDBX asks little of the password, so that a test does not wait for it.
func WriteCheapKDBX(items []parcel.Exported, password string) ([]byte, error) {
	return writeKDBXAt(argonCost{memory: 1 << 20, passes: 1, lanes: 1}, items, password)
}

// SealCheapKDBX seals what is inside a file of version 4.
func SealCheapKDBX(plain []byte, password string) ([]byte, error) {
	return sealKDBX(plain, password, argonCost{memory: 8 << 10, passes: 1, lanes: 1})
}
