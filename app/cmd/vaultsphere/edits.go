package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/vaultsphere/vaultsphere/app/generate"
	"github.com/vaultsphere/vaultsphere/app/item"
)

const secretOrder = `
Lines of standard input are taken in this order: the master password
(--password-stdin), the password, the seed of --totp, the value of each --field.
--notes-file - takes all that is left.`

// edits are the flags that add and edit share. What is secret is a flag without a value, which means: ask.
type edits struct {
	changed func(flag string) bool

	title, username, notesFile string
	urls, tags, ask            []string
	drop, detach               []string // names of fields, of attachments
	password, generate, totp   bool
	favourite                  bool
}

func (e *edits) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&e.title, "title", "", "call it `TITLE`")
	f.StringVar(&e.username, "username", "", "user `NAME`")
	f.StringArrayVar(&e.urls, "url", nil, "address: `URL`; may be repeated")
	f.StringArrayVar(&e.tags, "tag", nil, "put `TAG` on it; may be repeated")
	f.BoolVar(&e.favourite, "favourite", false, "mark as a favourite")
	f.StringVar(&e.notesFile, "notes-file", "", "read the notes from `FILE`; - is standard input")
	f.BoolVar(&e.password, "password", false, "ask for the password, or read it from standard input")
	f.BoolVar(&e.generate, "generate", false, "make a random password of 20 characters")
	f.BoolVar(&e.totp, "totp", false, "ask for the seed of one-time passwords: otpauth:// URI or base32")
	f.StringArrayVar(&e.ask, "field", nil, "ask for the value of the custom field `NAME`; may be repeated")
}

// apply brings the edits to it. Lists replace the lists there were.
func (p *program) apply(ctx context.Context, it item.Item, e edits) (item.Item, error) {
	it = it.Clone()
	if e.changed("title") {
		it.Title = e.title
	}
	if e.changed("username") {
		it.Username = e.username
	}
	if e.changed("url") {
		it.URLs = e.urls
	}
	if e.changed("tag") {
		it.Tags = e.tags
	}
	if e.changed("favourite") {
		it.Favourite = e.favourite
	}
	for _, name := range e.drop {
		i := slices.IndexFunc(it.Fields, func(f item.Field) bool { return f.Name == name })
		if i < 0 {
			return it, fmt.Errorf("%q has no field %q", it.Title, name)
		}
		it.Fields = slices.Delete(it.Fields, i, i+1)
	}
	for _, name := range e.detach {
		i := slices.IndexFunc(it.Attachments, func(a item.Attachment) bool { return a.Name == name })
		if i < 0 {
			return it, noAttachment(it, name)
		}
		it.Attachments = slices.Delete(it.Attachments, i, i+1)
	}
	if err := p.applySecrets(ctx, &it, e); err != nil {
		return it, err
	}
	if e.changed("notes-file") {
		var err error
		if it.Notes, err = p.notes(e.notesFile); err != nil {
			return it, err
		}
	}
	return it, nil
}

// applySecrets asks in the order that secretOrder promises.
func (p *program) applySecrets(ctx context.Context, it *item.Item, e edits) (err error) {
	if e.password {
		if it.Password, err = p.itemSecret(ctx, "the password", "Password of "+printable(it.Title, "")); err != nil {
			return err
		}
	}
	if e.generate {
		if it.Password, _, err = generate.Password(defaultRules); err != nil {
			return fmt.Errorf("generate password: %w", err)
		}
	}
	if e.totp {
		if it.TOTP, err = p.itemSecret(ctx, "the seed", "One-time password seed"); err != nil {
			return err
		}
		if _, err := item.ParseAuthenticatorKey(it.TOTP); it.TOTP != "" && err != nil {
			return withHint(err, "nothing was saved")
		}
	}
	for _, name := range e.ask {
		value, err := p.itemSecret(ctx, "the field "+name, printable(name, ""))
		if err != nil {
			return err
		}
		i := slices.IndexFunc(it.Fields, func(f item.Field) bool { return f.Name == name })
		if i < 0 {
			it.Fields = append(it.Fields, item.Field{Name: name, Kind: item.FieldHidden})
			i = len(it.Fields) - 1
		}
		it.Fields[i].Value = value
	}
	return nil
}

// notes reads a file whole, without the newline that ends its last line.
func (p *program) notes(path string) (string, error) {
	in := io.Reader(p.lines)
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return "", fmt.Errorf("read notes: %w", err)
		}
		defer f.Close()
		in = withoutMark(f)
	}
	const most = item.MaxNotes * utf8.UTFMax
	text, err := io.ReadAll(io.LimitReader(in, most+1))
	if err != nil {
		return "", fmt.Errorf("read notes: %w", err)
	}
	if len(text) > most {
		return "", fmt.Errorf("read notes: at most %d characters", item.MaxNotes)
	}
	if n := len(text); n > 0 && text[n-1] == '\n' {
		text = text[:n-1]
	}
	return string(text), nil
}
