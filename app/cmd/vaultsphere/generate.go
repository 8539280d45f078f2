package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/vaultsphere/vaultsphere/app/generate"
)

// defaultRules make 20 characters of all classes: about 130 bits, which no site and no human needs more of.
var defaultRules = generate.PasswordRules{Length: 20, Lower: true, Upper: true, Digits: true, Symbols: true, MinDigits: 1, MinSymbols: 1}

// passwordFlags and passphraseFlags cannot be mixed: each would silently do nothing for the other kind.
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
		Short: "Make a random password or passphrase",
		Long: `Make a random password, or with --words a passphrase. Nothing is saved and no server is asked.
How hard it is to guess is told on standard error.`,
		Args: cobra.NoArgs,
		RunE: p.action(func(cmd *cobra.Command, _ []string) error {
			f := cmd.Flags()
			if f.Changed("words") {
				for _, name := range passwordFlags {
					if f.Changed(name) {
						return usage(cmd.CommandPath(), "--%s is for passwords, --words makes a passphrase", name)
					}
				}
				value, bits, err := generate.Passphrase(phrase)
				return p.generated(cmd, value, bits, err, asJSON)
			}
			for _, name := range passphraseFlags {
				if f.Changed(name) {
					return usage(cmd.CommandPath(), "--%s is for passphrases: it needs --words", name)
				}
			}
			rules.Lower, rules.Upper, rules.Digits, rules.Symbols = !noLower, !noUpper, !noDigits, !noSymbols
			// The default minimum is for classes that are in use; one that was asked for is kept, and refused if it cannot be met.
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
	f.IntVar(&rules.Length, "length", rules.Length, "characters")
	f.BoolVar(&noLower, "no-lower", false, "without a-z")
	f.BoolVar(&noUpper, "no-upper", false, "without A-Z")
	f.BoolVar(&noDigits, "no-digits", false, "without 0-9")
	f.BoolVar(&noSymbols, "no-symbols", false, "without punctuation")
	f.BoolVar(&rules.AvoidAmbiguous, "avoid-ambiguous", false, "without characters that look alike, such as l, 1, I, O and 0")
	f.StringVar(&rules.SymbolSet, "symbols", "", "take the symbols from `SET` alone, such as '-_.'")
	f.IntVar(&rules.MinLower, "min-lower", 0, "at least `N` of a-z")
	f.IntVar(&rules.MinUpper, "min-upper", 0, "at least `N` of A-Z")
	f.IntVar(&rules.MinDigits, "min-digits", rules.MinDigits, "at least `N` digits")
	f.IntVar(&rules.MinSymbols, "min-symbols", rules.MinSymbols, "at least `N` symbols")
	f.IntVar(&phrase.Words, "words", 0, "make a passphrase of `N` words")
	f.StringVar(&phrase.Separator, "separator", phrase.Separator, "between the words")
	f.BoolVar(&phrase.Capitalize, "capitalize", false, "begin each word with a capital")
	f.BoolVar(&phrase.Number, "number", false, "put a digit after one of the words")
	f.BoolVar(&asJSON, "json", false, "write the value and its entropy as JSON")
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
