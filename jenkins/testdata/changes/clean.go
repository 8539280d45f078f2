package counter

// Total returns how many votes were cast.
func Total(votes map[string]int) int {
	total := 0
	for _, n := range votes {
		total += n
	}
	return total
}
