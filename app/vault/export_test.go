package vault

import "github.com/vaultsphere/vaultsphere/app/chain"

// Held reports whether a vault is held for the loser of a race, and how many requests wait.
func (s *Service) Held(id chain.ID) (held bool, waiting int) {
	s.holds.mu.Lock()
	defer s.holds.mu.Unlock()
	return s.holds.held[id] != nil, s.holds.waiting
}
