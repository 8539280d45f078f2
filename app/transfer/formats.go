package transfer

import (
	"fmt"
	"slices"
)

// format is one that can be read.
type format struct {
	id, name   string
	extensions []string // as a file chooser wants them
	sourceFormat
}

// formats are tried in this order, so the most telling stand first and any CSV last.
func formats() []format {
	return []format{
		{"vaultsphere-sealed", "VaultSphere, sealed by a password", []string{".vaultsphere", ".json"}, sealedSource},
		{"vaultsphere-json", "VaultSphere (JSON)", []string{".json"}, ownJSON},
		{"vaultsphere-csv", "VaultSphere (CSV)", []string{".csv"}, ownCSV},
		{"bitwarden-json", "Bitwarden (JSON)", []string{".json"}, bitwardenJSON},
		{"1password-1pux", "1Password (1PUX)", []string{".1pux"}, onePasswordPUX},
		{"1password-1pif", "1Password 7 (1PIF)", []string{".1pif"}, onePasswordPIF},
		{"bitwarden-zip", "Bitwarden (ZIP)", []string{".zip"}, bitwardenZIP},
		{"proton-zip", "Proton Pass (ZIP)", []string{".zip"}, protonZIP},
		{"proton-json", "Proton Pass (JSON)", []string{".json"}, protonJSON},
		{"dashlane-zip", "Dashlane (ZIP)", []string{".zip"}, dashlaneZIP},
		{"kdbx", "KeePass (KDBX)", []string{".kdbx"}, keepassKDBX},
		{"keepass-xml", "KeePass 2 (XML)", []string{".xml"}, keepassXMLSource},
		{"aegis", "Aegis (JSON)", []string{".json"}, aegis},
		{"2fas", "2FAS", []string{".2fas"}, twoFAS},
		{"andotp", "andOTP (JSON)", []string{".json", ".aes"}, andOTP},
		{"proton-authenticator", "Proton Authenticator (JSON)", []string{".json"}, protonAuthenticator},
		{"otpauth", "One-time codes (otpauth addresses, Google Authenticator)", []string{".txt"}, codeList},
		{"enpass-json", "Enpass (JSON)", []string{".json"}, enpassJSON},
		{"keeper-json", "Keeper (JSON)", []string{".json"}, keeperJSON},
		{"psono", "Psono (JSON)", []string{".json"}, psonoJSON},
		{"bitwarden-csv", "Bitwarden (CSV)", []string{".csv"}, bitwardenCSV},
		{"lastpass-csv", "LastPass (CSV)", []string{".csv"}, lastPassCSV},
		{"dashlane-csv", "Dashlane (CSV)", []string{".csv"}, dashlaneCSV},
		{"nordpass-csv", "NordPass (CSV)", []string{".csv"}, nordPassCSV},
		{"roboform-csv", "RoboForm (CSV)", []string{".csv"}, roboFormCSV},
		{"proton-csv", "Proton Pass (CSV)", []string{".csv"}, protonCSV},
		{"1password-mac-csv", "1Password 7 for Mac (CSV)", []string{".csv"}, onePasswordMacCSV},
		{"1password-csv", "1Password (CSV)", []string{".csv"}, onePasswordCSV},
		{"buttercup-csv", "Buttercup (CSV)", []string{".csv"}, buttercupCSV},
		{"firefox-csv", "Firefox (CSV)", []string{".csv"}, firefoxCSV},
		{"chrome-csv", "Chrome, Edge, Brave, Opera (CSV)", []string{".csv"}, chromeCSV},
		{"safari-csv", "Safari, iCloud (CSV)", []string{".csv"}, safariCSV},
		{"keepass-csv", "KeePass (CSV)", []string{".csv"}, keepassCSVSource},
		{"keepassxc-csv", "KeePassXC (CSV)", []string{".csv"}, keepassXCCSV},
		{"passbolt-csv", "Passbolt (CSV)", []string{".csv"}, passboltCSV},
		{"strongbox-csv", "Strongbox (CSV)", []string{".csv"}, strongboxCSV},
		{"aliasvault-csv", "AliasVault (CSV)", []string{".csv"}, aliasVaultCSV},
		{"dropbox-csv", "Dropbox Passwords (CSV)", []string{".csv"}, dropboxCSV},
		{"enpass-csv", "Enpass (CSV)", []string{".csv"}, enpassCSV},
		{"keeper-csv", "Keeper (CSV)", []string{".csv"}, keeperCSV},
		{"csv", "CSV, columns chosen", []string{".csv", ".tsv", ".txt"}, anyCSV},
	}
}

// Format is one that Read knows.
type Format struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	Extensions []string `json:"extensions"`
}

// Formats lists what Read knows.
func Formats() []Format {
	var out []Format
	for _, f := range formats() {
		out = append(out, Format{f.id, f.name, f.extensions})
	}
	return out
}

// formatOf finds the one to read the input with.
func formatOf(in *input) (format, error) {
	if in.options.Format == "" {
		for _, f := range formats() {
			if f.detect(in) {
				return f, nil
			}
		}
		return format{}, in.unknown()
	}
	i := slices.IndexFunc(formats(), func(f format) bool { return f.id == in.options.Format })
	if i < 0 {
		return format{}, fmt.Errorf("%w: there is no format %q", ErrUnknownFormat, in.options.Format)
	}
	f := formats()[i]
	if !f.detect(in) {
		if in.broken != nil {
			return format{}, in.broken
		}
		if in.isPGP() {
			return format{}, ErrPGP
		}
		return format{}, fmt.Errorf("%w %s", ErrOtherFormat, f.name)
	}
	return f, nil
}
