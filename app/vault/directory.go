package vault

import (
	"context"
	"errors"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

var errNoPerson = &Error{Code: protocol.CodeNotFound, Message: "no such user"}

// Cards returns all cards of a user, for anybody who is signed in. Those of a suspended user are there too: suspension ends access to this
// server, and says nothing about who a person is.
func (s *Service) Cards(ctx context.Context, _ Session, username string) (protocol.UserCards, error) {
	name, err := CanonicalUsername(username)
	if err != nil {
		return protocol.UserCards{}, err
	}
	u, err := s.store.User(ctx, name)
	if errors.Is(err, ErrNotFound) || err == nil && u.Deleting {
		return protocol.UserCards{}, errNoPerson
	}
	if err != nil {
		return protocol.UserCards{}, err
	}
	id, err := u.ID.memberID()
	if err != nil {
		return protocol.UserCards{}, err
	}
	cards, err := s.store.Cards(ctx, id)
	if err != nil {
		return protocol.UserCards{}, err
	}
	if len(cards) == 0 { // the user was deleted meanwhile
		return protocol.UserCards{}, errNoPerson
	}
	out := protocol.UserCards{Cards: make([]protocol.Signed, 0, len(cards))}
	for _, c := range cards {
		out.Cards = append(out.Cards, encodeSigned(c))
	}
	return out, nil
}
