package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/vaultsphere/vaultsphere/app/generate"
)

// defaultRules make passwords with about 130 bits of entropy, more than any site needs.
var defaultRules = generate.PasswordRules{Length: 20, Lower: true, Upper: true, Digits: true, Symbols: true, MinDigits: 1, MinSymbols: 1}

// passwordFlags and passphraseFlags exclude each other, because a flag of the other kind would silently do nothing.
var (
	passwordFlags = []string{"length", "no-lower", "no-upper", "no-digits", "no-symbols", "avoid-ambiguous", "min-lower", "min-upper", "min-digits",
		"min-symbols", "symbols"}
	passphraseFlags = []string{"words", "separator", "capitalize", "number"}
)

func (p *program) generateCommand() *cobra.Command {
	rules := defaultRules
	phrase := generate.PassphraseRules{Separator: "-"}
	var noLower, noUpper, noDigits, noSymbols, asJSON bool
	cmd := &cobra.Command{
		Use:   "generate",
		Short: "Generate a random password or passphrase",
		Long: `Generate a random password, or a passphrase with --words, and print it. Nothing is saved, and
no server is contacted. The entropy is printed to standard error.`,
		Args: takes(0, 0),
		RunE: p.action(func(cmd *cobra.Command, _ []string) error {
			f := cmd.Flags()
			if f.Changed("words") {
				for _, name := range passwordFlags {
					if f.Changed(name) {
						return usage(cmd.CommandPath(), "--%s is for passwords and cannot be combined with --words", name)
					}
				}
				value, bits, err := generate.Passphrase(phrase)
				return p.generated(cmd, value, bits, err, asJSON)
			}
			for _, name := range passphraseFlags {
				if f.Changed(name) {
					return usage(cmd.CommandPath(), "--%s is for passphrases and needs --words", name)
				}
			}
			rules.Lower, rules.Upper, rules.Digits, rules.Symbols = !noLower, !noUpper, !noDigits, !noSymbols
			// The default minimum applies to classes in use. A minimum that the user asked for stays, and fails if it cannot be met.
			if noDigits && !f.Changed("min-digits") {
				rules.MinDigits = 0
			}
			if noSymbols && !f.Changed("min-symbols") {
				rules.MinSymbols = 0
			}
			value, bits, err := generate.Password(rules)
			return p.generated(cmd, value, bits, err, asJSON)
		}),
	}
	f := cmd.Flags()
	f.IntVar(&rules.Length, "length", rules.Length, "`N` characters")
	f.BoolVar(&noLower, "no-lower", false, "leave out a-z")
	f.BoolVar(&noUpper, "no-upper", false, "leave out A-Z")
	f.BoolVar(&noDigits, "no-digits", false, "leave out 0-9")
	f.BoolVar(&noSymbols, "no-symbols", false, "leave out symbols")
	f.BoolVar(&rules.AvoidAmbiguous, "avoid-ambiguous", false, "leave out characters that look alike: l, 1, I, |, O, 0 and o")
	f.StringVar(&rules.SymbolSet, "symbols", "", "use only the symbols in `SET`, such as '-_.'")
	f.IntVar(&rules.MinLower, "min-lower", 0, "at least `N` lower-case letters")
	f.IntVar(&rules.MinUpper, "min-upper", 0, "at least `N` upper-case letters")
	f.IntVar(&rules.MinDigits, "min-digits", rules.MinDigits, "at least `N` digits")
	f.IntVar(&rules.MinSymbols, "min-symbols", rules.MinSymbols, "at least `N` symbols")
	f.IntVar(&phrase.Words, "words", 0, "generate a passphrase of `N` words (3 to 20)")
	f.StringVar(&phrase.Separator, "separator", phrase.Separator, "`TEXT` between the words")
	f.BoolVar(&phrase.Capitalize, "capitalize", false, "capitalize each word")
	f.BoolVar(&phrase.Number, "number", false, "add a digit to one of the words")
	f.BoolVar(&asJSON, "json", false, "print the value and its entropy as JSON")
	return cmd
}

type generatedValue struct {
	Value       string  `json:"value"`
	EntropyBits float64 `json:"entropy_bits"`
}

func (p *program) generated(cmd *cobra.Command, value string, bits float64, err error, asJSON bool) error {
	switch {
	case errors.Is(err, generate.ErrRules):
		return usage(cmd.CommandPath(), "%w", err)
	case err != nil:
		return fmt.Errorf("generate: %w", err)
	case asJSON:
		return p.printJSON(generatedValue{value, bits})
	}
	p.note("%.0f bits of entropy", bits)
	return p.printValue(value)
}
