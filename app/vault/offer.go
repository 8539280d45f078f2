package vault

import (
	"context"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

func checkOffer(offer protocol.Offer) error {
	if offer == "" {
		return nil
	}
	return checkToken("offer", offer, protocol.MaxOfferBytes)
}

// Offer returns the offer of an open invitation, for somebody who has its link.
func (s *Service) Offer(ctx context.Context, in protocol.OfferRequest) (protocol.OfferResponse, error) {
	i, err := s.opened(ctx, in.Invitation)
	return protocol.OfferResponse{Offer: i.Offer}, err
}

// parseAnswer reads the answer to an offer, which only the inviter can check.
func parseAnswer(in protocol.NewUserRequest) (protocol.Hash, error) {
	switch {
	case in.Answer == "":
		return "", nil
	case in.Invitation == nil:
		return "", badField("answer", "needs an invitation: leave it out")
	}
	return in.Answer, checkBinary("answer", in.Answer, rawURL, hashBytes, "base64url without padding")
}

// Answers lists who registered with the invitations of an administrator.
func (s *Service) Answers(ctx context.Context, by Administrator) (protocol.AnswersResponse, error) {
	all, err := s.store.Answers(ctx, by.user.ID, s.now())
	out := protocol.AnswersResponse{Answers: make([]protocol.InvitationAnswer, 0, len(all))}
	for _, a := range all[:min(len(all), protocol.MaxInvitations)] {
		out.Answers = append(out.Answers, protocol.InvitationAnswer{
			ID: string(a.ID), UserID: string(a.UserID), Username: string(a.Username), Answer: a.Answer,
		})
	}
	return out, err
}
