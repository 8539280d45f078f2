package seal

import (
	"errors"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
)

func TestParamsOutOfBoundsAreRefusedByName(t *testing.T) {
	t.Parallel()
	ok := DefaultParams
	for _, c := range []struct {
		p    Params
		want error
		name string
	}{
		{ok, nil, ""},
		{Params{1 << 20, 20, 16}, nil, ""},
		{Params{1 << 16, 3, 1}, nil, ""},
		{Params{1<<16 - 1, 3, 4}, ErrKDFTooWeak, "memory is 65535 KiB, at least 65536"},
		{Params{1<<20 + 1, 3, 4}, ErrKDFTooCostly, "memory is 1048577 KiB, at most 1048576"},
		{Params{1<<32 - 1, 3, 4}, ErrKDFTooCostly, "memory"},
		{Params{1 << 16, 2, 4}, ErrKDFTooWeak, "time is 2, at least 3"},
		{Params{1 << 16, 21, 4}, ErrKDFTooCostly, "time is 21, at most 20"},
		{Params{1 << 16, 3, 0}, ErrKDFTooWeak, "threads is 0, at least 1"},
		{Params{1 << 16, 3, 17}, ErrKDFTooCostly, "threads is 17, at most 16"},
		{Params{}, ErrKDFTooWeak, "memory"},
	} {
		err := c.p.Check()
		if !errors.Is(err, c.want) || (err != nil && !strings.Contains(err.Error(), c.name)) {
			t.Errorf("%+v: %v, want %v with %q", c.p, err, c.want, c.name)
		}
		if c.want == nil {
			continue
		}
		if _, err := DeriveMasterKey("password", fixedSalt("s"), c.p); !errors.Is(err, c.want) {
			t.Errorf("derive with %+v: %v", c.p, err)
		}
	}
}

func TestDeriveMasterKey(t *testing.T) {
	t.Parallel()
	derive := func(password string, salt Salt, p Params) MasterKey {
		t.Helper()
		k, err := DeriveMasterKey(password, salt, p)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	base := derive("Café №1", fixedSalt("s"), DefaultParams)
	for name, same := range map[string]string{
		"composed otherwise": "Cafe\u0301 №1",
		"compatible forms":   "Ｃafé No１",
	} {
		if !derive(same, fixedSalt("s"), DefaultParams).Equal(base) {
			t.Errorf("%s: another key", name)
		}
	}
	for name, other := range map[string]MasterKey{
		"case":      derive("café №1", fixedSalt("s"), DefaultParams),
		"space":     derive("Café №1 ", fixedSalt("s"), DefaultParams),
		"no accent": derive("Cafe №1", fixedSalt("s"), DefaultParams),
		"salt":      derive("Café №1", fixedSalt("t"), DefaultParams),
		"memory":    derive("Café №1", fixedSalt("s"), Params{1<<16 + 8*4, 3, 4}),
		"time":      derive("Café №1", fixedSalt("s"), Params{1 << 16, 4, 4}),
		"threads":   derive("Café №1", fixedSalt("s"), Params{1 << 16, 3, 3}),
	} {
		if other.Equal(base) {
			t.Errorf("%s changes nothing", name)
		}
	}
	derive(strings.Repeat("x", 10000), fixedSalt("s"), DefaultParams)
}

func TestDeriveMasterKeyRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		password string
		salt     Salt
		want     error
	}{
		{"", fixedSalt("s"), ErrEmptyPassword},
		{"caf\xe9 secret", fixedSalt("s"), ErrPasswordText},
		{"password", Salt{}, ErrBadID},
	} {
		k, err := DeriveMasterKey(c.password, c.salt, DefaultParams)
		if !errors.Is(err, c.want) || !sealing.IsZero(&k.secret) {
			t.Errorf("%q: %v, want %v", c.password, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("the error quotes the password: %v", err)
		}
	}
}

func TestRecoveryPhrase(t *testing.T) {
	t.Parallel()
	p := NewRecoveryPhrase()
	words := p.Words()
	if len(words) != 24 {
		t.Fatalf("%d words", len(words))
	}
	for name, s := range map[string]string{
		"as shown":   strings.Join(words, " "),
		"upper case": strings.ToUpper(strings.Join(words, " ")),
		"spaces":     "\n\t " + strings.Join(words, "  \r\n\t\u00a0\u3000") + " ",
	} {
		got, err := ParseRecoveryPhrase(s)
		if err != nil || !got.Equal(p) {
			t.Errorf("%s: %v", name, err)
		}
	}

	const good = "hamster diagram private dutch cause delay private meat slide toddler razor book happy fancy gospel tennis maple dilemma loan word shrug inflict delay length"
	var word *WordError
	for i := range 24 {
		w := strings.Fields(good)
		w[i] = "hunter2"
		_, err := ParseRecoveryPhrase(strings.Join(w, " "))
		if !errors.As(err, &word) || word.Number != i+1 || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("word %d: %v", i+1, err)
		}
	}
	for name, c := range map[string]struct {
		phrase string
		want   error
	}{
		"empty":       {"", ErrPhraseLength},
		"23 words":    {strings.TrimSuffix(good, " length"), ErrPhraseLength},
		"25 words":    {good + " length", ErrPhraseLength},
		"12 words":    {strings.Repeat("abandon ", 11) + "about", ErrPhraseLength}, // a valid phrase of 128 bits
		"swapped":     {strings.Replace(good, "hamster diagram", "diagram hamster", 1), ErrPhraseChecksum},
		"wrong word":  {strings.Replace(good, "length", "legal", 1), ErrPhraseChecksum},
		"the zero":    {strings.Repeat("abandon ", 23) + "art", ErrPhraseChecksum},
		"a long text": {good + strings.Repeat(" secret", 100000), ErrPhraseLength},
	} {
		got, err := ParseRecoveryPhrase(c.phrase)
		if !errors.Is(err, c.want) || !sealing.IsZero(&got.secret) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}
