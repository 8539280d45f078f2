// Package worker lists the methods that the page's worker answers out of several modules. They are written in TypeScript,
// in app/web/src/worker.ts.
package worker

import (
	"context"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/client/imports"
	"github.com/vaultsphere/vaultsphere/app/generate"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge/core"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge/files"
	"github.com/vaultsphere/vaultsphere/app/transfer"
)

// Worker is all that the worker answers beside the core's methods.
type Worker interface {
	// Strength judges a password. Inputs are words that an attacker would try first.
	Strength(context.Context, StrengthOf) (Strength, error)
	GeneratePassword(context.Context, generate.PasswordRules) (Generated, error)
	GeneratePassphrase(context.Context, generate.PassphraseRules) (Generated, error)
	// DrawQR draws a QR code.
	DrawQR(context.Context, QRText) (QRCode, error)
	// ScanQR reads the QR code in a picture that was dropped or pasted.
	ScanQR(context.Context, bridge.File) (QRText, error)
	Formats(context.Context) (files.Formats, error)
	// ImportColumns returns the first rows of a CSV of any kind, so that its columns can be chosen. They may hold secrets.
	ImportColumns(context.Context, files.FileName, bridge.File) (transfer.Preview, error)
	// ImportPreview reads a file and compares it with the vault. The plan waits in the core for ImportRun.
	ImportPreview(context.Context, files.ReadOptions, bridge.File, func(done, total int)) (imports.ImportPreview, error)
	// CheckPatterns refuses an item with a URL that should be a regular expression and is not. The core does not check that.
	CheckPatterns(context.Context, item.Item) error
	// ExportVault opens the vault and writes it in a format. Progress counts the attachments, which are downloaded for a format
	// with files.
	ExportVault(context.Context, ExportOptions, func(done, total int)) (core.Exported, bridge.File, error)
}

// Code is what only the page and its worker find wrong.
type Code string

const (
	CodeAttachmentTooLarge   Code = "attachment_too_large"
	CodeAttachmentUnreadable Code = "attachment_unreadable" // a folder, or a file that is gone
	CodeBadInvitation        Code = "bad_invitation"        // not an invitation link
	CodeBadUsername          Code = "bad_username"          // the server would refuse it
	CodeInsecure             Code = "insecure"              // the page came over plain HTTP
)

type StrengthOf struct {
	Password string   `json:"password"`
	Inputs   []string `json:"inputs"`
}

// Strength is what strength.wasm says of a password.
type Strength struct {
	Score        int     `json:"score"` // 0 to 4, as zxcvbn grades
	GuessesLog10 float64 `json:"guesses_log10"`
	Advice       string  `json:"advice"` // a strength.Advice; empty from score 3 on
}

type Generated struct {
	Value       string  `json:"value"`
	EntropyBits float64 `json:"entropy_bits"`
}

type QRText struct {
	Text string `json:"text"`
}

// QRCode is square. In each row "1" is dark.
type QRCode struct {
	Rows []string `json:"rows"`
}

type ExportOptions struct {
	client.ExportOptions
	files.WriteOptions
}
