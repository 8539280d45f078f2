package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/transfer"
)

// importFlags say how a file is read and what becomes of it.
type importFlags struct {
	format, passwordFile, keyFile, columns string
	headerless, dryRun, asJSON             bool
	identical, changed, repeated           string
}

func (p *program) importCommand() *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Bring in what another password manager or a browser exported",
		Long: `Bring in what another password manager or a browser exported. - is standard input.

The format is found from the file; vaultsphere formats lists what is known. What is in
the vault already is left alone unless the flags say otherwise; --dry-run shows what would
happen. An entry that cannot be read is named with its number, and the others come in:
the exit status is then 3, with --dry-run too. Values without a place of their own become custom fields.

The password of a protected file is asked for on the terminal, or it is the line of
standard input after the master password. A KeePass database may have a key file as well
(--key-file), in place of the password or beside it, or an empty password. --columns says
what the columns of any CSV are, in their order: title, url, username, password, totp, notes,
tag, favourite, type, created, modified, hidden, skip, or nothing for a custom field.
--no-header says that the first row holds values already, and needs --columns.`,
		Args: cobra.ExactArgs(1),
		RunE: p.action(func(cmd *cobra.Command, args []string) error {
			return p.importFile(cmd.Context(), args[0], f)
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&f.format, "format", "", "take the file as being in `FORMAT`")
	flags.StringVar(&f.passwordFile, "file-password-file", "", "read the password of the file from `FILE`")
	flags.StringVar(&f.keyFile, "key-file", "", "open a KeePass database with `FILE` too")
	flags.StringVar(&f.columns, "columns", "", "what the columns of a CSV are: `NAMES`, separated by commas")
	flags.BoolVar(&f.headerless, "no-header", false, "the first row of the CSV holds values already")
	flags.StringVar(&f.identical, "identical", "skip", "entries that the vault has: `skip` or add")
	flags.StringVar(&f.changed, "changed", "add", "entries that the vault has with other values: skip, `add` or update")
	flags.StringVar(&f.repeated, "repeated", "skip", "entries that the file has twice: `skip` or add")
	flags.BoolVar(&f.dryRun, "dry-run", false, "show what is in the file, and bring in nothing")
	flags.BoolVar(&f.asJSON, "json", false, "write what became of each entry as JSON")
	complete(cmd, "format", readIDs()...)
	complete(cmd, "identical", client.ImportSkip, client.ImportAdd)
	complete(cmd, "changed", client.ImportSkip, client.ImportAdd, client.ImportUpdate)
	complete(cmd, "repeated", client.ImportSkip, client.ImportAdd)
	return cmd
}

func (p *program) importFile(ctx context.Context, path string, f importFlags) error {
	columns, err := f.tableColumns()
	if err != nil {
		return err
	}
	data, err := p.inputFile(path)
	if err != nil {
		return err
	}
	c, err := p.unlocked(ctx)
	if err != nil {
		return err
	}
	defer c.Lock()
	result, err := p.readImport(ctx, transfer.File{Name: path, Data: data}, f, columns)
	if err != nil {
		return err
	}
	plan, err := c.PlanImport(ctx, result)
	if err != nil {
		return err
	}
	defer plan.Forget()
	preview := plan.Preview()
	if f.dryRun {
		return p.showPreview(preview, f.asJSON)
	}
	report, err := plan.Run(ctx, client.ImportChoice{
		Identical: client.ImportMode(f.identical), Changed: client.ImportMode(f.changed), Repeated: client.ImportMode(f.repeated),
	}, p.progress("entries imported"))
	if errors.Is(err, client.ErrImportChoice) {
		return usage("vaultsphere import", "%w", err)
	}
	return p.reportImport(report, err, f.asJSON)
}

// inputFile reads a file as large as Read takes, and one byte more, so that Read says that it is too large.
func (p *program) inputFile(path string) ([]byte, error) {
	in := p.rest()
	if path == "-" {
		if p.passwordStdin {
			return nil, withHint(errors.New("the file and the master password cannot both be standard input"), "use --password-file")
		}
	} else {
		file, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("read the file: %w", err)
		}
		defer file.Close()
		in = file
	}
	data, err := io.ReadAll(io.LimitReader(in, transfer.MaxFileBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	return data, nil
}

func (p *program) readImport(ctx context.Context, file transfer.File, f importFlags, columns []transfer.Column) (*transfer.Result, error) {
	o := transfer.Options{Format: f.format, Columns: columns, Headerless: f.headerless, Now: time.Now()}
	if len(columns) > 0 && o.Format == "" {
		o.Format = "csv"
	}
	if f.keyFile != "" {
		key, err := os.ReadFile(f.keyFile)
		if err != nil {
			return nil, fmt.Errorf("read the key file: %w", err)
		}
		if len(key) == 0 {
			return nil, errors.New("read the key file: it is empty")
		}
		o.KeyFile = key
	}
	// A password that was named belongs to the key file; one that would be asked for may not be there at all.
	if len(o.KeyFile) == 0 || f.passwordFile == "" {
		result, err := transfer.Read(file, o)
		if !errors.Is(err, transfer.ErrPasswordNeeded) && (len(o.KeyFile) == 0 || !errors.Is(err, transfer.ErrWrongPassword)) {
			return result, withFileHint(err)
		}
	}
	var err error
	if o.Password, err = p.filePassword(ctx, f.passwordFile, false); err != nil {
		return nil, err
	}
	o.NoPassword = o.Password == ""
	result, err := transfer.Read(file, o)
	return result, withFileHint(err)
}

// tableColumns is what the flags say of the columns of a table.
func (f importFlags) tableColumns() ([]transfer.Column, error) {
	if f.columns == "" {
		if f.headerless {
			return nil, usage("vaultsphere import", "--no-header needs --columns, which says what the columns are")
		}
		return nil, nil
	}
	if f.format != "" && f.format != "csv" {
		return nil, usage("vaultsphere import", "--columns is for the format csv, not for %s", f.format)
	}
	var out []transfer.Column
	for name := range strings.SplitSeq(f.columns, ",") {
		column := transfer.Column(strings.TrimSpace(name))
		if !column.Known() {
			return nil, usage("vaultsphere import", "--columns: there is no %q; a column is %s, or nothing for a custom field", name, transfer.ColumnNames())
		}
		out = append(out, column)
	}
	return out, nil
}

const filePasswordWords = "the password of the file"

// filePassword is that of a file that is read, which may be empty, or twice on a terminal of one that is written.
func (p *program) filePassword(ctx context.Context, path string, twice bool) (string, error) {
	switch {
	case path != "":
		password, err := secretFile(path, filePasswordWords)
		if errors.Is(err, errEmptySecret) {
			err = nil
		}
		return password, err
	case p.passwordStdin || !isTerminal(p.in):
		return p.stdinSecret(filePasswordWords)
	}
	return p.askSecret(ctx, "Password of the file", twice)
}

// columnsUnknown reports whether a person has to say what the columns of a table are.
func columnsUnknown(err error) bool {
	return errors.Is(err, transfer.ErrNoHeader) || errors.Is(err, transfer.ErrNoColumns) || errors.Is(err, transfer.ErrColumnCount)
}

func withFileHint(err error) error {
	var file *transfer.Failure
	if !errors.As(err, &file) {
		return err
	}
	_, hint := file.Explain()
	if columnsUnknown(err) {
		hint = "say what the columns are with --columns (as in --columns title,username,password,url), and with --no-header that the first row holds values already"
	}
	return withHint(err, hint)
}

func (p *program) showPreview(preview client.ImportPreview, asJSON bool) error {
	p.noteProblems(preview.Problems)
	err := p.writePreview(preview, asJSON)
	if err == nil && len(preview.Problems) > 0 {
		err = exitStatus(exitFindings)
	}
	return err
}

func (p *program) writePreview(preview client.ImportPreview, asJSON bool) error {
	if asJSON {
		return p.printJSON(preview)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "format: %s\n", preview.Format)
	for _, s := range []client.ImportStatus{client.ImportNew, client.ImportIdentical, client.ImportChanged, client.ImportRepeated} {
		fmt.Fprintf(&b, "%s: %d\n", s, preview.Statuses[s])
	}
	for _, k := range preview.Relocated {
		fmt.Fprintf(&b, "relocated to %s: %s (%d)\n", k.As, printable(k.Name, ""), k.Count)
	}
	return p.write(b.String())
}

// reportImport tells what happened, also when the import ended early: what came in stays.
func (p *program) reportImport(r client.ImportReport, failure error, asJSON bool) error {
	p.noteProblems(r.Problems)
	p.note("%d of %s added, %d updated, %d skipped", r.Added, count(r.Total, "entry"), r.Updated, r.Skipped)
	if asJSON {
		if err := p.printJSON(r); err != nil {
			return err
		}
	}
	switch {
	case failure != nil:
		return withHint(fmt.Errorf("the import ended early: %w", failure), "import the file again: what is there already is skipped")
	case len(r.Problems) > 0:
		return exitStatus(exitFindings)
	}
	return nil
}

func (p *program) noteProblems(problems []transfer.Problem) {
	for _, problem := range problems {
		where := "the file"
		if problem.Row > 0 {
			where = fmt.Sprintf("entry %d", problem.Row)
		}
		if problem.Title != "" {
			where += fmt.Sprintf(" (%s)", problem.Title)
		}
		p.note("warning: %s: %s", where, transfer.Sentence(problem))
	}
}

func (p *program) formatsCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "formats",
		Short: "List the formats that import reads and export writes",
		Args:  cobra.NoArgs,
		RunE: p.action(func(*cobra.Command, []string) error {
			if asJSON {
				return p.printJSON(map[string]any{"import": transfer.Formats(), "export": transfer.WriteFormats()})
			}
			var b strings.Builder
			for _, f := range transfer.Formats() {
				fmt.Fprintf(&b, "import\t%s\t%s\n", f.ID, f.Name)
			}
			for _, f := range transfer.WriteFormats() {
				fmt.Fprintf(&b, "export\t%s\t%s\n", f.ID, f.Name)
			}
			return p.write(b.String())
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return cmd
}
