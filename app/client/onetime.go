package client

import (
	"context"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// OneTimeCode is a code as it is shown.
type OneTimeCode struct {
	Code        string `json:"code"`
	Issuer      string `json:"issuer,omitempty"`
	Account     string `json:"account,omitempty"`
	SecondsLeft int    `json:"seconds_left"`
	Period      int    `json:"period"` // seconds; zero: by a counter
}

// CodeOf makes the code that a text as in item.Item.TOTP stands for at a time.
func CodeOf(text string, at time.Time) (OneTimeCode, error) {
	o, err := item.ParseAuthenticatorKey(text)
	if err != nil {
		return OneTimeCode{}, err
	}
	code, err := o.Code(at)
	return OneTimeCode{code, o.Issuer, o.Account, o.SecondsLeft(at), o.Period()}, err
}

// Code makes the code of an item. Where codes go by a counter it is the next one, and asking for it uses none up.
func (c *Client) Code(id string, at time.Time) (OneTimeCode, error) {
	it, err := c.Get(id)
	if err != nil {
		return OneTimeCode{}, err
	}
	return CodeOf(it.TOTP, at)
}

// NextCode takes the code of an item whose codes go by a counter. It is given out only once the vault holds the counter
// after it, so that no code is given out twice.
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
