package counter

// Tied reports whether two options have as many votes. It has two bugs, which the compiler accepts.
func Tied(votes map[string]int, a, b string) bool {
	if a == b {
		return true
	} else if a == b {
		return false
	}
	return votes[a] == votes[a]
}
