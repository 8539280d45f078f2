package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vaultsphere/vaultsphere/app/item"
)

func (p *program) getCommand() *cobra.Command {
	var field string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "get ITEM",
		Short: "Print the password of an item, or another field",
		Long: `Print the password of an item, or another field, followed by a newline.

ITEM is an id or an exact title. --field is one of
  password, username, title, notes, totp (the authenticator key)
  url            the first URL
  attachments    the names of the attachments, one per line
  card.number, bank_account.iban, api_key.key and so on, as in the JSON
  the name of a custom field`,
		Example: `  vaultsphere get GitHub
  vaultsphere get GitHub --field username
  vaultsphere get "Deploy key" --field ssh_key.private`,
		Args: takes(1, 1),
		RunE: p.action(func(cmd *cobra.Command, args []string) error {
			return p.get(cmd.Context(), args[0], field, asJSON)
		}),
	}
	cmd.Flags().StringVar(&field, "field", "password", "print the field `NAME`")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the whole item as JSON, with its secrets")
	cmd.MarkFlagsMutuallyExclusive("field", "json")
	p.cacheFlag(cmd)
	p.vaultFlag(cmd, "look only in this `VAULT`")
	return cmd
}

func (p *program) get(ctx context.Context, name, field string, asJSON bool) error {
	c, err := p.unlocked(ctx)
	if err != nil {
		return err
	}
	defer c.Lock()
	it, err := c.open(name)
	if err != nil {
		return err
	}
	if asJSON {
		it.Base = "" // an internal version, of no use after this process
		return p.printJSON(it)
	}
	value, ok := fieldOf(it, field)
	if !ok {
		return noField(it, field)
	}
	return p.printValue(value)
}

func noField(it item.Item, field string) error {
	var names []string
	for _, f := range fieldsOf(it) {
		names = append(names, f.Name)
	}
	return withHint(fmt.Errorf("%q has no field %q", it.Title, field), "it has "+strings.Join(names, ", "))
}

// fieldOf finds a field that is not empty. Custom fields cannot hide the fields of the item itself.
func fieldOf(it item.Item, name string) (string, bool) {
	for _, v := range fieldsOf(it) {
		if v.Name == name {
			return v.Text, true
		}
	}
	// An empty custom field exists, too.
	i := slices.IndexFunc(it.Fields, func(f item.Field) bool { return f.Name == name })
	return "", i >= 0
}

// fieldsOf returns the non-empty fields of an item, as get --field prints them: url is the first URL, and attachments has one name per
// line.
func fieldsOf(it item.Item) []item.Value {
	fields := it.Values()
	if len(it.URLs) > 0 {
		fields = append(fields, item.Value{Name: "url", Text: it.URLs[0]})
	}
	if len(it.Attachments) > 0 {
		fields = append(fields, item.Value{Name: "attachments", Text: strings.Join(attachmentNames(it), "\n")})
	}
	for _, f := range it.Fields {
		if f.Value != "" {
			fields = append(fields, item.Value{Name: f.Name, Text: f.Value})
		}
	}
	return fields
}
