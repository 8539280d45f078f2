package client

import (
	"context"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// OneTimeCode is a code to display.
type OneTimeCode struct {
	Code        string `json:"code"`
	Issuer      string `json:"issuer,omitempty"`
	Account     string `json:"account,omitempty"`
	SecondsLeft int    `json:"seconds_left"`
	Period      int    `json:"period"` // seconds; zero: the code depends on a counter
}

// CodeOf computes the code for an authenticator key, as in item.Item.TOTP, at a time.
func CodeOf(text string, at time.Time) (OneTimeCode, error) {
	o, err := item.ParseAuthenticatorKey(text)
	if err != nil {
		return OneTimeCode{}, err
	}
	code, err := o.Code(at)
	return OneTimeCode{code, o.Issuer, o.Account, o.SecondsLeft(at), o.Period()}, err
}

// Code returns the current code of an item. If it depends on a counter, Code does not advance the counter.
func (c *Client) Code(id string, at time.Time) (OneTimeCode, error) {
	it, err := c.Get(id)
	if err != nil {
		return OneTimeCode{}, err
	}
	return CodeOf(it.TOTP, at)
}

// NextCode returns the next code of an item with a counter. The vault stores the advanced counter first, so no code is returned
// twice.
func (c *Client) NextCode(ctx context.Context, id string, at time.Time) (OneTimeCode, error) {
	it, err := c.Get(id)
	if err != nil {
		return OneTimeCode{}, err
	}
	code, err := CodeOf(it.TOTP, at)
	if err != nil {
		return OneTimeCode{}, err
	}
	if it.TOTP, err = item.AdvanceCounter(it.TOTP); err != nil {
		return OneTimeCode{}, err
	}
	if _, err := c.Save(ctx, it); err != nil {
		return OneTimeCode{}, err
	}
	return code, nil
}
