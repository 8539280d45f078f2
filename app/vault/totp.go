package vault

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

const (
	totpIssuer    = "VaultSphere"
	totpPeriod    = 30 // seconds, RFC 6238 §5.2
	enrolmentLife = 10 * time.Minute
)

// enrolment is the content of TOTPBeginResponse.Enrolment: the server stores nothing about a second factor before it is
// confirmed. Generation ties it to the current state of the account, so it works at most once.
type enrolment struct {
	User       UserID    `json:"user"`
	Generation int64     `json:"generation"`
	Secret     string    `json:"secret"`
	Expires    time.Time `json:"expires"`
}

// BeginTOTP makes a secret that ConfirmTOTP enables.
func (s *Service) BeginTOTP(ctx context.Context, session Session, in protocol.TOTPBeginRequest) (protocol.TOTPBeginResponse, error) {
	u, err := s.confirm(ctx, session, in.CurrentAuthKey)
	if err != nil {
		return protocol.TOTPBeginResponse{}, err
	}
	if u.TOTPSecret != "" {
		return protocol.TOTPBeginResponse{}, &Error{Code: protocol.CodeConflict, Message: "a second factor is already enabled: remove it first"}
	}
	key, err := totp.Generate(totp.GenerateOpts{
		Issuer: totpIssuer, AccountName: string(u.Username), Period: totpPeriod, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1,
	})
	if err != nil {
		return protocol.TOTPBeginResponse{}, fmt.Errorf("make a secret: %w", err)
	}
	plain, err := json.Marshal(enrolment{User: u.ID, Generation: u.Generation, Secret: key.Secret(), Expires: s.now().Add(enrolmentLife)})
	if err != nil {
		return protocol.TOTPBeginResponse{}, err
	}
	token, err := seal(plain, s.keys.enrolment)
	if err != nil {
		return protocol.TOTPBeginResponse{}, fmt.Errorf("seal an enrolment: %w", err)
	}
	return protocol.TOTPBeginResponse{URI: key.URL(), Secret: key.Secret(), Enrolment: token}, nil
}

// ConfirmTOTP enables the secret once its owner has proved that the authenticator has it.
func (s *Service) ConfirmTOTP(ctx context.Context, session Session, in protocol.TOTPConfirmRequest) error {
	if err := checkFirst(checkToken("enrolment", in.Enrolment, protocol.MaxEnrolmentBytes), checkCode("code", in.Code)); err != nil {
		return err
	}
	stale := &Error{Code: protocol.CodeConflict, Message: "this enrolment has expired, or the account has changed: start again"}
	var e enrolment
	if json.Unmarshal(open(in.Enrolment, s.keys.enrolment), &e) != nil || !s.now().Before(e.Expires) {
		return stale
	}
	u, err := s.user(ctx, session)
	if err != nil {
		return err
	}
	if e.User != u.ID || e.Generation != u.Generation {
		return stale
	}
	counter := proofThrottle(session)
	return s.attempt(ctx, counter, func() error {
		step, ok := s.matchTOTP(e.Secret, in.Code, 0)
		if !ok {
			return ErrTOTPInvalid
		}
		if err := s.enforceTOTP(ctx, u, e.Secret, step); err != nil {
			return err
		}
		s.recordIn(ctx, protocol.AuditSecondFactorOn, session)
		return s.succeed(ctx, counter)
	})
}

func (s *Service) enforceTOTP(ctx context.Context, u User, secret string, step int64) (err error) {
	if u.TOTPSecret, err = seal([]byte(secret), s.keys.totp); err != nil {
		return fmt.Errorf("seal the second factor: %w", err)
	}
	u.TOTPLastStep = step
	return s.update(ctx, &u)
}

// RemoveTOTP disables the second factor.
func (s *Service) RemoveTOTP(ctx context.Context, session Session, in protocol.TOTPRemoveRequest) error {
	u, err := s.confirm(ctx, session, in.CurrentAuthKey)
	if err != nil {
		return err
	}
	if u.TOTPSecret == "" {
		return nil
	}
	u.TOTPSecret, u.TOTPLastStep = "", 0
	if err := s.update(ctx, &u); err != nil {
		return err
	}
	s.recordIn(ctx, protocol.AuditSecondFactorOff, session)
	return nil
}

// passSecondFactor accepts a code and stores its time step in one conditional update before anyone is let in: of two logins
// with the same code, one finds a newer Generation, reads again, and sees that the step is used.
func (s *Service) passSecondFactor(ctx context.Context, u *User, code string) error {
	if code == "" {
		return ErrTOTPRequired
	}
	secret, stale, err := s.keys.openTOTP(u.TOTPSecret)
	if err != nil {
		return err
	}
	step, ok := s.matchTOTP(secret, code, u.TOTPLastStep)
	if !ok {
		return ErrTOTPInvalid
	}
	next := *u
	next.TOTPLastStep = step
	if stale {
		if next.TOTPSecret, err = seal([]byte(secret), s.keys.totp); err != nil {
			return fmt.Errorf("seal the second factor again: %w", err)
		}
	}
	if err := s.store.UpdateUser(ctx, next); err != nil {
		return err
	}
	next.Generation++
	*u = next
	return nil
}

// matchTOTP looks for the code in the current time step and its two neighbours (RFC 6238 §5.2), later than the last one
// accepted.
func (s *Service) matchTOTP(secret, code string, last int64) (step int64, ok bool) {
	now := s.now().Unix() / totpPeriod
	if last > now+1 {
		last = 0 // accepted while the clock ran ahead; current codes are new, and the next one accepted is stored again
	}
	for _, candidate := range []int64{now - 1, now, now + 1} {
		if candidate <= last || candidate < 0 {
			continue
		}
		want, err := hotp.GenerateCodeCustom(secret, uint64(candidate), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			return candidate, true
		}
	}
	return 0, false
}

func (s *Service) update(ctx context.Context, u *User) error {
	err := s.store.UpdateUser(ctx, *u)
	if errors.Is(err, ErrNotFound) { // deleted in between
		return ErrUnauthorized
	}
	if err != nil {
		return err
	}
	u.Generation++
	return nil
}
