package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/spf13/cobra"

	"github.com/vaultsphere/vaultsphere/app/item"
)

func (p *program) attachCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "attach ITEM FILE...",
		Short: "Attach files to an item",
		Long: `Attach files to an item. They are encrypted like the item itself.

ITEM is an id or an exact title. A file can have up to 10 MiB. If the item already has an
attachment of that name, a number is added to the new one: "key (2).pem".`,
		Args: takes(2, math.MaxInt),
		RunE: p.action(func(cmd *cobra.Command, args []string) error {
			return p.attach(cmd.Context(), args[0], args[1:])
		}),
	}
}

func (p *program) attach(ctx context.Context, name string, paths []string) error {
	// Read all files first, so that a mistyped path fails before anything is sent.
	contents := make([][]byte, len(paths))
	for i, path := range paths {
		var err error
		if contents[i], err = readAttachment(path); err != nil {
			return err
		}
	}
	c, err := p.unlocked(ctx)
	if err != nil {
		return err
	}
	defer c.Lock()
	found, err := find(c, name)
	if err != nil {
		return err
	}
	for i, path := range paths {
		if _, err := c.Attach(ctx, found.ID, path, contents[i], p.fileProgress("sent")); err != nil {
			return err
		}
	}
	return nil
}

func readAttachment(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, item.MaxAttachmentBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if len(content) > item.MaxAttachmentBytes {
		return nil, fmt.Errorf("%s is larger than %d MiB", path, item.MaxAttachmentBytes>>20)
	}
	return content, nil
}
