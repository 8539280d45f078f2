package chain

// Lead returns the hash of the write at revision to, as path says: the writes of Path(newest, to, nil). The caller has verified that head is
// the hash of the newest write, and each of them is the one that a link names.
func Lead(vault ID, head Hash, newest, to int64, path []*Write) (Hash, error) {
	known := hashes{newest: head}
	if err := known.link(path, Path(newest, to, nil)); err != nil {
		return Hash{}, err
	}
	for _, w := range path {
		if w.Vault != vault {
			return Hash{}, w.refuse(ErrVault)
		}
	}
	return known[to], nil
}

// Rejoined is Whole for an answer to a device that is on a branch: see State.Rejoin. entries is the whole log.
func Rejoined(genesis Hash, seen State, entries []*Entry, b Branches, cards *Cards) (State, *Write, error) {
	if _, err := Whole(genesis, &seen, entries[:min(int64(len(entries)), seen.Entry.Sequence+1)], nil, cards); err != nil {
		return seen, nil, err
	}
	b.Entries = entries[seen.Entry.Sequence+1:]
	return seen.Rejoin(b, cards)
}
