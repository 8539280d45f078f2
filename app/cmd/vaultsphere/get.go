package main

import (
	"context"
	"fmt"
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
		Long: `Print the password of an item, or another field, and a newline.

ITEM is an id or an exact title. --field takes
password, username, url (the first address), notes, attachments (their names, each on a
line), or the name of a custom field.`,
		Args: cobra.ExactArgs(1),
		RunE: p.action(func(cmd *cobra.Command, args []string) error {
			return p.get(cmd.Context(), args[0], field, asJSON)
		}),
	}
	cmd.Flags().StringVar(&field, "field", "password", "print the field `NAME`")
	cmd.Flags().BoolVar(&asJSON, "json", false, "write the whole item as JSON, secrets included")
	cmd.MarkFlagsMutuallyExclusive("field", "json")
	p.copyFlag(cmd)
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
		it.Base = "" // means something only to the client that is about to end
		return p.printJSON(it)
	}
	value, ok := fieldOf(it, field)
	if !ok {
		return noField(it, field)
	}
	return p.printValue(value)
}

func noField(it item.Item, field string) error {
	return withHint(fmt.Errorf("%q has no %s", it.Title, field), "it has "+strings.Join(fieldNames(it), ", "))
}

// fieldOf finds a field that is not empty. Custom fields cannot hide the built-in ones.
func fieldOf(it item.Item, name string) (string, bool) {
	for _, f := range builtinFields(it) {
		if f.Name == name && f.Value != "" {
			return f.Value, true
		}
	}
	for _, f := range it.Fields {
		if f.Name == name {
			return f.Value, true
		}
	}
	return "", false
}

func builtinFields(it item.Item) []item.Field {
	url := ""
	if len(it.URLs) > 0 {
		url = it.URLs[0]
	}
	return []item.Field{
		{Name: "password", Value: it.Password}, {Name: "username", Value: it.Username},
		{Name: "url", Value: url}, {Name: "notes", Value: it.Notes}, {Name: "title", Value: it.Title},
		{Name: "attachments", Value: strings.Join(attachmentNames(it), "\n")},
	}
}

func fieldNames(it item.Item) []string {
	var names []string
	for _, f := range append(builtinFields(it), it.Fields...) {
		if f.Value != "" {
			names = append(names, f.Name)
		}
	}
	return names
}
