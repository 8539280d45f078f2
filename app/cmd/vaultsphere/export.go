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
		Long: `Write all items to a file: sealed by a password of its own, or in a format that others read.
vaultsphere formats lists them. All but vaultsphere-sealed and kdbx are in the clear: whoever
reads the file reads every password. The file is for this user alone (mode 0600).

The password of a sealed file is asked for on the terminal, or it is the line of standard
input after the master password.`,
		Args: cobra.NoArgs,
		RunE: p.action(func(cmd *cobra.Command, _ []string) error {
			i := slices.IndexFunc(transfer.WriteFormats(), func(w transfer.WriteFormat) bool { return w.ID == f.format })
			switch {
			case f.output == "":
				return usage(cmd.CommandPath(), "--output is missing; - is standard output")
			case i < 0:
				return usage(cmd.CommandPath(), "%q is no format for export; vaultsphere formats lists them", f.format)
			}
			return p.export(cmd.Context(), f, transfer.WriteFormats()[i])
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&f.format, "format", "vaultsphere-sealed", "write in `FORMAT`")
	flags.StringVarP(&f.output, "output", "o", "", "write to `FILE`; - is standard output")
	flags.StringVar(&f.passwordFile, "file-password-file", "", "seal with the password in `FILE`")
	flags.BoolVar(&f.trash, "trash", false, "take what is in the trash along")
	flags.BoolVar(&f.force, "force", false, "replace a file that is there")
	complete(cmd, "format", writeIDs()...)
	p.copyFlag(cmd)
	return cmd
}

// writable reports why an export cannot be written to path: its folder does not exist, a file exists and may not be replaced, or
// path is a device, a pipe or a symbolic link, which no export replaces. It is called before a password is asked for, and again
// before the file is written.
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
		return withHint(fmt.Errorf("write %s: %w", path, errNoPlainFile), "name another file; --output - writes to standard output")
	case !replace:
		return withHint(fmt.Errorf("write %s: %w", path, errFileThere), "--force replaces it")
	}
	return nil
}

var (
	errFolder      = errors.New("a folder has that name")
	errNoPlainFile = errors.New("a device, a pipe or a link has that name, and is not replaced")
)

var errFileThere = errors.New("the file is there already")

func (p *program) export(ctx context.Context, f exportFlags, format transfer.WriteFormat) error {
	toStdout := f.output == "-"
	if toStdout && isTerminal(p.out) {
		return withHint(errors.New("an export is not for a terminal"), "name a file with --output, or send it to another program")
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
	items, problems, err := c.Export(ctx, client.ExportOptions{Trash: f.trash, Files: format.Files}, nil)
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
		err = p.whole(func() error { return writeExport(f, data) })
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
