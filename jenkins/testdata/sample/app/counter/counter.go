// Package counter counts votes.
package counter

// Winner returns the option with the most votes, and the first of several.
func Winner(votes map[string]int, options []string) string {
	winner, most := "", -1
	for _, option := range options {
		if votes[option] > most {
			winner, most = option, votes[option]
		}
	}
	return winner
}
