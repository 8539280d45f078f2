package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/transfer"
)

type exportFlags struct {
	format, output, passwordFile string
	trash, force                 bool
}

func (p *program) exportCommand() *cobra.Command {
	var f exportFlags
	cmd := &cobra.Command{
		Use:   "export --output FILE",
		Short: "Write all items to a file",
		Long: `Write all items to a file with mode 0600.

The default format, vaultsphere-sealed, encrypts the file with its own password, and so
does kdbx (KeePass). All other formats are plain text: anyone who can read the file can read
every password. "vaultsphere formats" lists the formats.

The password of an encrypted file is asked for on the terminal, or read from standard input:
the line after the master password. The exit status is 3 if something could not be exported.`,
		Example: `  vaultsphere export --output backup.vaultsphere
  vaultsphere export --format bitwarden-json --output bitwarden.json`,
		Args: takes(0, 0),
		RunE: p.action(func(cmd *cobra.Command, _ []string) error {
			i := slices.IndexFunc(transfer.WriteFormats(), func(w transfer.WriteFormat) bool { return w.ID == f.format })
			switch {
			case f.output == "":
				return usage(cmd.CommandPath(), "--output is required; - is standard output")
			case i < 0:
				return usage(cmd.CommandPath(), "unknown export format %q: see vaultsphere formats", f.format)
			}
			return p.export(cmd.Context(), f, transfer.WriteFormats()[i])
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&f.format, "format", "vaultsphere-sealed", "`FORMAT` of the file")
	flags.StringVarP(&f.output, "output", "o", "", "write to `FILE`, or to standard output if it is -")
	flags.StringVar(&f.passwordFile, "file-password-file", "", "read the password of the encrypted file from `FILE`")
	flags.BoolVar(&f.trash, "trash", false, "include the items in the trash")
	flags.BoolVar(&f.force, "force", false, "replace an existing file")
	complete(cmd, "format", writeIDs()...)
	p.cacheFlag(cmd)
	p.vaultFlag(cmd, "only items in this `VAULT`")
	return cmd
}

// writable returns an error if an export cannot be written to path: the folder does not exist, a file exists and replace is false,
// or path is a device, a pipe or a symbolic link. It is called before a password is asked for, and again before the file is written.
func writable(path string, replace bool) error {
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("write %s: %w", path, err)
	case info.IsDir():
		return fmt.Errorf("write %s: %w", path, errFolder)
	case !info.Mode().IsRegular():
		return withHint(fmt.Errorf("write %s: %w", path, errNotRegular), "choose another file; --output - writes to standard output")
	case !replace:
		return withHint(fmt.Errorf("write %s: %w", path, errFileExists), "use --force to replace it")
	}
	return nil
}

var (
	errFolder     = errors.New("it is a folder")
	errNotRegular = errors.New("it is a device, a pipe or a link")
	errFileExists = errors.New("the file already exists")
)

func (p *program) export(ctx context.Context, f exportFlags, format transfer.WriteFormat) error {
	toStdout := f.output == "-"
	if toStdout && isTerminal(p.out) {
		return withHint(errors.New("refusing to write an export to a terminal"), "name a file with --output, or pipe the output to another program")
	}
	if !toStdout {
		if err := writable(f.output, f.force); err != nil {
			return err
		}
	}
	c, err := p.unlocked(ctx)
	if err != nil {
		return err
	}
	defer c.Lock()
	items, problems, err := c.Export(ctx, client.ExportOptions{Trash: f.trash, Files: format.Files, Vault: c.vault}, nil)
	if err != nil {
		return err
	}
	p.noteProblems(problems)
	var o transfer.WriteOptions
	if format.Sealed {
		if o.Password, err = p.filePassword(ctx, f.passwordFile, true); err != nil {
			return err
		}
		if o.Password == "" {
			return fmt.Errorf("%s %w", filePasswordWords, errEmptySecret)
		}
	}
	data, err := transfer.Write(format.ID, items, o)
	if err != nil {
		return withFileHint(err)
	}
	if toStdout {
		err = p.write(string(data))
	} else {
		err = p.uninterrupted(func() error { return writeExport(f, data) })
	}
	if err == nil && len(problems) > 0 {
		err = exitStatus(exitFindings)
	}
	return err
}

func writeExport(f exportFlags, data []byte) error {
	if err := writable(f.output, f.force); err != nil {
		return err
	}
	return writeFile(filepath.Dir(f.output), filepath.Base(f.output), data)
}
