package transfer

// WriteCheapKDBX asks little of the password, so that a test does not wait for it.
func WriteCheapKDBX(items []Exported, password string) ([]byte, error) {
	return writeKDBXAt(argonCost{memory: 1 << 20, passes: 1, lanes: 1}, items, password)
}

// Gunzip is tested with a bound that is quick to reach.
var Gunzip = gunzip
