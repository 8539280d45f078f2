package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vaultsphere/vaultsphere/app/item"
)

func (p *program) attachmentCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "attachment ITEM NAME",
		Short: "Save an attachment of an item to a file",
		Long: `Save an attachment of an item to a new file with mode 0600.

ITEM is an id or an exact title. Without --output, the file is NAME in the current
directory. "vaultsphere get ITEM --field attachments" lists the names.`,
		Args: takes(2, 2),
		RunE: p.action(func(cmd *cobra.Command, args []string) error {
			return p.attachment(cmd.Context(), args[0], args[1], output)
		}),
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "write to `FILE`, or to standard output if it is -")
	return cmd
}

func (p *program) attachment(ctx context.Context, name, attachment, output string) error {
	if output == "-" && isTerminal(p.out) {
		return withHint(errors.New("refusing to write an attachment to a terminal"), "name a file with --output, or pipe the output to another program")
	}
	c, err := p.unlocked(ctx)
	if err != nil {
		return err
	}
	defer c.Lock()
	it, err := c.open(name)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(it.Attachments, func(a item.Attachment) bool { return a.Name == attachment })
	if i < 0 {
		return noAttachment(it, attachment)
	}
	content, err := c.Attachment(ctx, it.ID, it.Attachments[i].ID, p.fileProgress("received"))
	if err != nil {
		return err
	}
	if output == "-" {
		return p.write(string(content))
	}
	if output == "" {
		output = attachment
		// The name comes from the vault. It must not choose the directory.
		if !filepath.IsLocal(output) || strings.ContainsAny(output, `/\`) {
			return withHint(fmt.Errorf("%q is not a valid file name on this system", attachment), "name a file with --output")
		}
	}
	return p.uninterrupted(func() error { return writeNew(output, content) })
}

func noAttachment(it item.Item, name string) error {
	err := fmt.Errorf("%q has no attachment %q", it.Title, name)
	if len(it.Attachments) == 0 {
		return err
	}
	return withHint(err, "it has "+strings.Join(attachmentNames(it), ", "))
}

func attachmentNames(it item.Item) []string {
	var names []string
	for _, a := range it.Attachments {
		names = append(names, a.Name)
	}
	return names
}

// writeNew creates a file with content. If that fails, it removes the file.
func writeNew(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Close()); err != nil {
		return also(err, os.Remove(path))
	}
	return nil
}
