package transfer

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// format is one that can be read.
type format struct {
	id, name   string
	extensions []string // as a file chooser wants them
	detect     func(*input) bool
	read       func(*input, *builder) error
}

// formats are tried in this order, so the most telling stand first and any CSV last.
func formats() []format {
	return []format{
		{"vaultsphere-sealed", "VaultSphere, sealed by a password", []string{".vaultsphere", ".json"}, isSealed, readSealed},
		{"vaultsphere-json", "VaultSphere (JSON)", []string{".json"}, isOwnJSON, readOwnJSON},
		{"vaultsphere-csv", "VaultSphere (CSV)", []string{".csv"}, csvFormat{needs: ownColumns}.detect, readOwnCSV},
		{"bitwarden-json", "Bitwarden (JSON)", []string{".json"}, isBitwardenJSON, readBitwardenJSON},
		{"1password-1pux", "1Password (1PUX)", []string{".1pux"}, is1PUX, read1PUX},
		{"bitwarden-zip", "Bitwarden (ZIP)", []string{".zip"}, isBitwardenZIP, readBitwardenZIP},
		{"proton-zip", "Proton Pass (ZIP)", []string{".zip"}, isProtonZIP, readProtonZIP},
		{"proton-json", "Proton Pass (JSON)", []string{".json", ".pgp"}, isProtonJSON, readProtonJSON},
		{"dashlane-zip", "Dashlane (ZIP)", []string{".zip"}, isDashlaneZIP, readDashlaneZIP},
		{"kdbx", "KeePass (KDBX)", []string{".kdbx"}, isKDBX, readKDBX},
		{"keepass-xml", "KeePass 2 (XML)", []string{".xml"}, isKeepassXML, readKeepassXML},
		{"aegis", "Aegis (JSON)", []string{".json"}, isAegis, readAegis},
		{"2fas", "2FAS", []string{".2fas"}, is2FAS, read2FAS},
		{"andotp", "andOTP (JSON)", []string{".json", ".aes"}, isAndOTP, readAndOTP},
		{"otpauth", "One-time codes (otpauth addresses, Google Authenticator)", []string{".txt"}, isCodeList, readCodeList},
		{"enpass-json", "Enpass (JSON)", []string{".json"}, isEnpassJSON, readEnpassJSON},
		{"keeper-json", "Keeper (JSON)", []string{".json"}, isKeeperJSON, readKeeperJSON},
		{"psono", "Psono (JSON)", []string{".json"}, isPsono, readPsono},
		{"bitwarden-csv", "Bitwarden (CSV)", []string{".csv"}, bitwardenCSV.detect, bitwardenCSV.read},
		{"lastpass-csv", "LastPass (CSV)", []string{".csv"}, isLastPassCSV, readLastPassCSV},
		{"dashlane-csv", "Dashlane (CSV)", []string{".csv"}, isDashlaneCSV, readDashlaneCSV},
		{"nordpass-csv", "NordPass (CSV)", []string{".csv"}, isNordPassCSV, readNordPassCSV},
		{"roboform-csv", "RoboForm (CSV)", []string{".csv"}, roboFormCSV.detect, roboFormCSV.read},
		{"proton-csv", "Proton Pass (CSV)", []string{".csv"}, isProtonCSV, readProtonCSV},
		{"1password-mac-csv", "1Password 7 for Mac (CSV)", []string{".csv"}, is1PasswordMacCSV, onePasswordMacCSV.read},
		{"1password-csv", "1Password (CSV)", []string{".csv"}, is1PasswordCSV, onePasswordCSV.read},
		{"buttercup-csv", "Buttercup (CSV)", []string{".csv"}, isButtercupCSV, readButtercupCSV},
		{"firefox-csv", "Firefox (CSV)", []string{".csv"}, firefoxCSV.detect, firefoxCSV.read},
		{"chrome-csv", "Chrome, Edge, Brave, Opera (CSV)", []string{".csv"}, isChromeCSV, chromeCSV.read},
		{"safari-csv", "Safari, iCloud (CSV)", []string{".csv"}, isSafariCSV, safariCSV.read},
		{"keepass-csv", "KeePass (CSV)", []string{".csv"}, keepassCSV.detect, readKeepassCSV},
		{"keepassxc-csv", "KeePassXC (CSV)", []string{".csv"}, isKeepassXCCSV, keepassXCCSV.read},
		{"passbolt-csv", "Passbolt (CSV)", []string{".csv"}, isPassboltCSV, passboltCSV.read},
		{"strongbox-csv", "Strongbox (CSV)", []string{".csv"}, strongboxCSV.detect, strongboxCSV.read},
		{"aliasvault-csv", "AliasVault (CSV)", []string{".csv"}, aliasVaultCSV.detect, aliasVaultCSV.read},
		{"dropbox-csv", "Dropbox Passwords (CSV)", []string{".csv"}, isDropboxCSV, dropboxCSV.read},
		{"enpass-csv", "Enpass (CSV)", []string{".csv"}, isEnpassCSV, readEnpassCSV},
		{"keeper-csv", "Keeper (CSV)", []string{".csv"}, isKeeperCSV, readKeeperCSV},
		{"csv", "CSV, columns chosen", []string{".csv", ".tsv", ".txt"}, isTable, readTable},
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

// format finds the one to read the input with.
func (in *input) format() (format, error) {
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
		return format{}, fmt.Errorf("%w %s", ErrOtherFormat, f.name)
	}
	return f, nil
}

// lookalikes are files that people choose by mistake, by how they begin.
var lookalikes = []struct{ begins, advice string }{
	{"%PDF-", "it is a PDF document; export again as CSV or JSON"},
	{"\xd0\xcf\x11\xe0", "it is an old Excel or Word document; save it as CSV"},
	{"\x89PNG", "it is a picture"},
	{"\xff\xd8\xff", "it is a picture"},
	{"\x03\xd9\xa2\x9ae\xfbK\xb5", "it is a database of KeePass 1; open it in KeePass 2 or KeePassXC, and save it as KDBX"},
	{"\x1f\x8b", "it is packed with gzip; unpack it first"},
	{"7z\xbc\xaf", "it is packed with 7-Zip; unpack it first"},
	{"Rar!", "it is packed with RAR; unpack it first"},
	{"SQLite format 3", "it is a database of a browser or an application; export from there instead"},
}

// unknown says why no format fits, as well as it can be told.
func (in *input) unknown() error {
	for _, l := range lookalikes {
		if bytes.HasPrefix(in.data, []byte(l.begins)) {
			return fmt.Errorf("%w: %s", ErrUnknownFormat, l.advice)
		}
	}
	if slices.Contains(in.zipNames(), "xl/workbook.xml") {
		return fmt.Errorf("%w: it is an Excel workbook; save it as CSV", ErrUnknownFormat)
	}
	if in.jsonValue(); in.broken != nil {
		return in.broken
	}
	if text, err := in.text(); err == nil && strings.HasPrefix(strings.ToLower(strings.TrimSpace(text)), "<!doctype html") {
		return fmt.Errorf("%w: it is a web page; export again as CSV or JSON", ErrUnknownFormat)
	}
	return ErrUnknownFormat
}
