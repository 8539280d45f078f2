package transfer

import (
	"slices"

	"github.com/vaultsphere/vaultsphere/app/transfer/aliasvault"
	"github.com/vaultsphere/vaultsphere/app/transfer/authenticators"
	"github.com/vaultsphere/vaultsphere/app/transfer/bitwarden"
	"github.com/vaultsphere/vaultsphere/app/transfer/browsers"
	"github.com/vaultsphere/vaultsphere/app/transfer/buttercup"
	"github.com/vaultsphere/vaultsphere/app/transfer/dashlane"
	"github.com/vaultsphere/vaultsphere/app/transfer/dropbox"
	"github.com/vaultsphere/vaultsphere/app/transfer/enpass"
	"github.com/vaultsphere/vaultsphere/app/transfer/kaspersky"
	"github.com/vaultsphere/vaultsphere/app/transfer/keepass"
	"github.com/vaultsphere/vaultsphere/app/transfer/keeper"
	"github.com/vaultsphere/vaultsphere/app/transfer/lastpass"
	"github.com/vaultsphere/vaultsphere/app/transfer/nordpass"
	"github.com/vaultsphere/vaultsphere/app/transfer/onepassword"
	"github.com/vaultsphere/vaultsphere/app/transfer/own"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/app/transfer/passbolt"
	"github.com/vaultsphere/vaultsphere/app/transfer/proton"
	"github.com/vaultsphere/vaultsphere/app/transfer/psono"
	"github.com/vaultsphere/vaultsphere/app/transfer/roboform"
	"github.com/vaultsphere/vaultsphere/app/transfer/safeincloud"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
	"github.com/vaultsphere/vaultsphere/app/transfer/strongbox"
)

// format is one row of the registry: how to detect and read a format, and perhaps to write it.
type format struct {
	id, name   string
	extensions []string // for the file chooser; written files get the first
	source.Format
	writer writer
}

// writer says how to write a format.
type writer struct {
	name   string // as the user sees it
	sealed bool   // with a password
	files  bool   // with the contents of attachments
	write  func(items []Exported, password string) ([]byte, error)
}

func reads(id, name string, f source.Format, extensions ...string) format {
	return format{id: id, name: name, extensions: extensions, Format: f}
}

func (f format) writes(w writer) format {
	f.writer = w
	return f
}

// formats are tried in this order: the most specific first, any CSV last. Export offers them in this order too.
func formats() []format {
	return []format{
		reads("vaultsphere-sealed", "VaultSphere", own.Sealed, ".vaultsphere", ".json").
			writes(writer{name: "VaultSphere", sealed: true, files: true, write: own.WriteSealed}),
		reads("vaultsphere-json", "VaultSphere (JSON)", own.JSON, ".json").
			writes(writer{name: "VaultSphere (JSON)", files: true, write: own.WriteJSON}),
		reads("vaultsphere-csv", "VaultSphere (CSV)", own.CSV, ".csv").
			writes(writer{name: "CSV", write: own.WriteCSV}),
		reads("bitwarden-json", "Bitwarden (JSON)", bitwarden.JSON, ".json").
			writes(writer{name: "Bitwarden (JSON)", write: bitwarden.WriteJSON}),
		reads("1password-1pux", "1Password (1PUX)", onepassword.PUX, ".1pux"),
		reads("1password-1pif", "1Password 7 (1PIF)", onepassword.PIF, ".1pif"),
		reads("bitwarden-zip", "Bitwarden (ZIP)", bitwarden.ZIP, ".zip"),
		reads("proton-zip", "Proton Pass (ZIP)", proton.ZIP, ".zip"),
		reads("proton-json", "Proton Pass (JSON)", proton.JSON, ".json"),
		reads("dashlane-zip", "Dashlane (ZIP)", dashlane.ZIP, ".zip"),
		reads("kdbx", "KeePass (KDBX)", keepass.KDBX, ".kdbx").
			writes(writer{name: "KeePass (KDBX 4)", sealed: true, files: true, write: keepass.WriteKDBX}),
		reads("buttercup", "Buttercup (.bcup)", buttercup.Vault, ".bcup"),
		reads("keepass-xml", "KeePass 2 (XML)", keepass.XML, ".xml"),
		reads("safeincloud-xml", "SafeInCloud (XML)", safeincloud.XML, ".xml"),
		reads("aegis", "Aegis (JSON)", authenticators.Aegis, ".json"),
		reads("2fas", "2FAS", authenticators.TwoFAS, ".2fas"),
		reads("andotp", "andOTP (JSON)", authenticators.AndOTP, ".json", ".aes"),
		reads("proton-authenticator", "Proton Authenticator (JSON)", authenticators.Proton, ".json"),
		reads("ente-auth", "Ente Auth", authenticators.Ente, ".txt", ".json"),
		reads("freeotp-plus", "FreeOTP+ (JSON)", authenticators.FreeOTPPlus, ".json"),
		reads("lastpass-authenticator", "LastPass Authenticator (JSON)", authenticators.LastPass, ".json"),
		reads("stratum", "Stratum, Authenticator Pro (JSON)", authenticators.Stratum, ".json"),
		reads("otpauth", "Google Authenticator, otpauth URLs", authenticators.CodeList, ".txt"),
		reads("kaspersky-txt", "Kaspersky Password Manager (TXT)", kaspersky.Text, ".txt"),
		reads("enpass-json", "Enpass (JSON)", enpass.JSON, ".json"),
		reads("keeper-json", "Keeper (JSON)", keeper.JSON, ".json"),
		reads("psono", "Psono (JSON)", psono.JSON, ".json"),
		reads("bitwarden-csv", "Bitwarden (CSV)", bitwarden.CSV, ".csv"),
		reads("lastpass-csv", "LastPass (CSV)", lastpass.CSV, ".csv"),
		reads("dashlane-csv", "Dashlane (CSV)", dashlane.CSV, ".csv"),
		reads("nordpass-csv", "NordPass (CSV)", nordpass.CSV, ".csv"),
		reads("roboform-csv", "RoboForm (CSV)", roboform.CSV, ".csv"),
		reads("proton-csv", "Proton Pass (CSV)", proton.CSV, ".csv"),
		reads("1password-mac-csv", "1Password 7 for Mac (CSV)", onepassword.MacCSV, ".csv"),
		reads("1password-csv", "1Password (CSV)", onepassword.CSV, ".csv"),
		reads("buttercup-csv", "Buttercup (CSV)", buttercup.CSV, ".csv"),
		reads("firefox-csv", "Firefox (CSV)", browsers.Firefox, ".csv"),
		reads("chrome-csv", "Chrome, Edge, Brave, Opera (CSV)", browsers.Chrome, ".csv"),
		reads("safari-csv", "Safari, iCloud (CSV)", browsers.Safari, ".csv"),
		reads("keepass-csv", "KeePass (CSV)", keepass.CSV, ".csv"),
		reads("keepassxc-csv", "KeePassXC (CSV)", keepass.XCCSV, ".csv"),
		reads("passbolt-csv", "Passbolt (CSV)", passbolt.CSV, ".csv"),
		reads("strongbox-csv", "Strongbox (CSV)", strongbox.CSV, ".csv"),
		reads("aliasvault-csv", "AliasVault (CSV)", aliasvault.CSV, ".csv"),
		reads("dropbox-csv", "Dropbox Passwords (CSV)", dropbox.CSV, ".csv"),
		reads("enpass-csv", "Enpass (CSV)", enpass.CSV, ".csv"),
		reads("keeper-csv", "Keeper (CSV)", keeper.CSV, ".csv"),
		reads("csv", "CSV", source.AnyCSV, ".csv", ".tsv", ".txt"),
	}
}

// Format is a format that Read knows.
type Format struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	Extensions []string `json:"extensions"`
}

// Formats lists the formats that Read knows.
func Formats() []Format {
	var out []Format
	for _, f := range formats() {
		out = append(out, Format{f.id, f.name, f.extensions})
	}
	return out
}

// formatOf returns the format to read the input with.
func formatOf(in *source.Input) (format, error) {
	if in.Options.Format == "" {
		for _, f := range formats() {
			if f.Detect(in) {
				return f, nil
			}
		}
		return format{}, in.Unknown()
	}
	i := slices.IndexFunc(formats(), func(f format) bool { return f.id == in.Options.Format })
	if i < 0 {
		return format{}, source.Fail(parcel.FileNoSuchFormat, parcel.Values{Name: in.Options.Format})
	}
	f := formats()[i]
	if !f.Detect(in) {
		if in.Broken != nil {
			return format{}, in.Broken
		}
		if in.IsPGP() {
			return format{}, source.ErrPGP
		}
		return format{}, source.Fail(parcel.FileOtherFormat, parcel.Values{Name: f.name})
	}
	return f, nil
}
