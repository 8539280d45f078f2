package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"unicode/utf8"

	"github.com/spf13/pflag"

	"github.com/vaultsphere/vaultsphere/app/generate"
	"github.com/vaultsphere/vaultsphere/app/item"
)

const secretOrder = `
Secrets on standard input are one line each, in this order: the master password
(--password-stdin), the password, the authenticator key (--totp), the value of each
--field. "--notes-file -" reads the rest.`

// edits are the flags that add and edit share. Flags for secrets have no value: they make the program ask for one.
type edits struct {
	*pflag.FlagSet

	title, username, notesFile string
	urls, tags, ask            []string
	drop, detach               []string // names of fields, of attachments
	password, generate, totp   bool
	favourite, reprompt        bool
}

func (e *edits) flags() *pflag.FlagSet {
	f := pflag.NewFlagSet("edits", pflag.ContinueOnError)
	e.FlagSet = f
	f.StringVar(&e.title, "title", "", "`TITLE` of the item")
	f.StringVar(&e.username, "username", "", "`NAME` of the user")
	f.StringArrayVar(&e.urls, "url", nil, "`URL` of the item, in place of all previous ones (repeatable)")
	f.StringArrayVar(&e.tags, "tag", nil, "`TAG` of the item, in place of all previous ones (repeatable)")
	f.BoolVar(&e.favourite, "favourite", false, "mark the item as a favourite")
	f.BoolVar(&e.reprompt, "reprompt", false, "the page asks for the master password before it shows the item")
	f.StringVar(&e.notesFile, "notes-file", "", "read the notes from `FILE`, or from standard input if it is -")
	f.BoolVar(&e.password, "password", false, "ask for the password")
	f.BoolVar(&e.generate, "generate", false, "generate a random password of 20 characters")
	f.BoolVar(&e.totp, "totp", false, "ask for the authenticator key: an otpauth:// URI, or the key alone in base32")
	f.StringArrayVar(&e.ask, "field", nil, "ask for the value of the custom field `NAME` (repeatable)")
	return f
}

// any reports whether a flag asks for a change.
func (e *edits) any() (changed bool) {
	e.VisitAll(func(f *pflag.Flag) { changed = changed || f.Changed })
	return changed
}

// apply applies the flags to an item. Lists replace those of the item.
func (p *program) apply(ctx context.Context, it item.Item, e edits) (item.Item, error) {
	it = it.Clone()
	if e.Changed("title") {
		it.Title = e.title
	}
	if e.Changed("username") {
		it.Username = e.username
	}
	if e.Changed("url") {
		it.URLs = e.urls
	}
	if e.Changed("tag") {
		it.Tags = e.tags
	}
	if e.Changed("favourite") {
		it.Favourite = e.favourite
	}
	if e.Changed("reprompt") {
		it.Reprompt = e.reprompt
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
	if e.Changed("notes-file") {
		var err error
		if it.Notes, err = p.notes(e.notesFile); err != nil {
			return it, err
		}
	}
	return it, nil
}

// applySecrets asks for the secrets in the order that secretOrder documents.
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
		if it.TOTP, err = p.itemSecret(ctx, "the authenticator key", "Authenticator key"); err != nil {
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

// notes reads a file without the newline at its end.
func (p *program) notes(path string) (string, error) {
	in := io.Reader(p.lines)
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return "", fmt.Errorf("read notes: %w", err)
		}
		defer f.Close()
		in = withoutBOM(f)
	}
	const maxBytes = item.MaxNotes * utf8.UTFMax
	text, err := io.ReadAll(io.LimitReader(in, maxBytes+1))
	if err != nil {
		return "", fmt.Errorf("read notes: %w", err)
	}
	if len(text) > maxBytes {
		return "", fmt.Errorf("read notes: they are longer than %d characters", item.MaxNotes)
	}
	if n := len(text); n > 0 && text[n-1] == '\n' {
		text = text[:n-1]
	}
	return string(text), nil
}
