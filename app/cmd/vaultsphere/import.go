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

	"github.com/vaultsphere/vaultsphere/app/client/imports"
	"github.com/vaultsphere/vaultsphere/app/transfer"
)

// importFlags say how to read the file and what to do with its items.
type importFlags struct {
	format, passwordFile, keyFile, columns string
	headerless, dryRun, asJSON             bool
	identical, changed, repeated           string
}

func (p *program) importCommand() *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Import items from another password manager or a browser",
		Long: `Import the items of a file that another password manager, a browser or an authenticator
exported. FILE can be - for standard input. The format is detected; "vaultsphere formats"
lists the known ones.

By default, items that the vault already has are skipped, and items that it has with other
values are added. --dry-run shows what the import would do. Values that match no field
become custom fields. If items cannot be read, the import reports them by number and
imports the others; the exit status is then 3.

The password of an encrypted file is asked for on the terminal, or read from standard input:
the line after the master password. A KeePass database can also need a key file (--key-file).

For any other CSV, --columns names the columns in their order: title, url, username,
password, totp, notes, tag, favourite, type, created, modified, hidden, skip, or nothing
for a custom field. Use --no-header if the first row already contains values.`,
		Example: `  vaultsphere import bitwarden.json --dry-run
  vaultsphere import passwords.kdbx --key-file passwords.key
  vaultsphere import any.csv --columns title,username,password,url --no-header`,
		Args: takes(1, 1),
		RunE: p.action(func(cmd *cobra.Command, args []string) error {
			return p.importFile(cmd.Context(), args[0], f)
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&f.format, "format", "", "`FORMAT` of the file, if it is not detected")
	flags.StringVar(&f.passwordFile, "file-password-file", "", "read the password of the encrypted file from `FILE`")
	flags.StringVar(&f.keyFile, "key-file", "", "open the KeePass database with the key file `FILE`")
	flags.StringVar(&f.columns, "columns", "", "`NAMES` of the columns of a CSV, separated by commas")
	flags.BoolVar(&f.headerless, "no-header", false, "the first row of the CSV contains values")
	flags.StringVar(&f.identical, "identical", "skip", "`MODE` for items that the vault already has: skip or add")
	flags.StringVar(&f.changed, "changed", "add", "`MODE` for items that the vault has with other values: skip, add or update")
	flags.StringVar(&f.repeated, "repeated", "skip", "`MODE` for items that occur twice in the file: skip or add")
	flags.BoolVar(&f.dryRun, "dry-run", false, "show what the import would do, and import nothing")
	flags.BoolVar(&f.asJSON, "json", false, "print the result for each item as JSON")
	complete(cmd, "format", readIDs()...)
	complete(cmd, "identical", imports.ImportSkip, imports.ImportAdd)
	complete(cmd, "changed", imports.ImportSkip, imports.ImportAdd, imports.ImportUpdate)
	complete(cmd, "repeated", imports.ImportSkip, imports.ImportAdd)
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
	report, err := plan.Run(ctx, imports.ImportChoice{
		Identical: imports.ImportMode(f.identical), Changed: imports.ImportMode(f.changed), Repeated: imports.ImportMode(f.repeated),
	}, p.progress("items imported"))
	if errors.Is(err, imports.ErrImportChoice) {
		return usage("vaultsphere import", "%w", err)
	}
	return p.reportImport(report, err, f.asJSON)
}

// inputFile reads one byte more than the limit, so that transfer.Read reports a file that is too large.
func (p *program) inputFile(path string) ([]byte, error) {
	in := p.rest()
	if path == "-" {
		if p.passwordStdin {
			return nil, withHint(errors.New("standard input cannot be both the file and the master password"), "use --password-file")
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
			return nil, errors.New("the key file is empty")
		}
		o.KeyFile = key
	}
	// With a key file, try it alone first, unless --file-password-file has a password to go with it.
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

// tableColumns parses --columns.
func (f importFlags) tableColumns() ([]transfer.Column, error) {
	if f.columns == "" {
		if f.headerless {
			return nil, usage("vaultsphere import", "--no-header needs --columns")
		}
		return nil, nil
	}
	if f.format != "" && f.format != "csv" {
		return nil, usage("vaultsphere import", "--columns cannot be combined with --format %s", f.format)
	}
	var out []transfer.Column
	for name := range strings.SplitSeq(f.columns, ",") {
		column := transfer.Column(strings.TrimSpace(name))
		if !column.Known() {
			return nil, usage("vaultsphere import", "--columns: unknown column %q; a column is %s, or nothing for a custom field", name, transfer.ColumnNames())
		}
		out = append(out, column)
	}
	return out, nil
}

const filePasswordWords = "the password of the file"

// filePassword reads the password of a file, which may be empty. It asks twice for that of a new file.
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

// columnsUnknown reports whether the user must name the columns of a table.
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
		hint = "name the columns with --columns, such as --columns title,username,password,url; add --no-header if the first row contains values"
	}
	return withHint(err, hint)
}

func (p *program) showPreview(preview imports.ImportPreview, asJSON bool) error {
	p.noteProblems(preview.Problems)
	err := p.writePreview(preview, asJSON)
	if err == nil && len(preview.Problems) > 0 {
		err = exitStatus(exitFindings)
	}
	return err
}

func (p *program) writePreview(preview imports.ImportPreview, asJSON bool) error {
	if asJSON {
		return p.printJSON(preview)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "format: %s\n", preview.Format)
	for _, s := range []imports.ImportStatus{imports.ImportNew, imports.ImportIdentical, imports.ImportChanged, imports.ImportRepeated} {
		fmt.Fprintf(&b, "%s: %d\n", s, preview.Statuses[s])
	}
	for _, k := range preview.Relocated {
		fmt.Fprintf(&b, "relocated to %s: %s (%d)\n", k.As, printable(k.Name, ""), k.Count)
	}
	return p.write(b.String())
}

// importResult is a report in the words of the command line.
type importResult struct {
	imports.ImportReport
	Entries any                     `json:"entries,omitempty"` // hides that of the report
	Items   []imports.ImportedEntry `json:"items"`
}

// reportImport also reports an import that failed halfway: the items imported until then stay.
func (p *program) reportImport(r imports.ImportReport, failure error, asJSON bool) error {
	p.noteProblems(r.Problems)
	p.note("%s: %d added, %d updated, %d skipped", count(r.Total, "item"), r.Added, r.Updated, r.Skipped)
	if asJSON {
		if err := p.printJSON(importResult{ImportReport: r, Items: r.Entries}); err != nil {
			return err
		}
	}
	switch {
	case failure != nil:
		return withHint(fmt.Errorf("the import is incomplete: %w", failure), "import the file again: it skips the items that were imported")
	case len(r.Problems) > 0:
		return exitStatus(exitFindings)
	}
	return nil
}

func (p *program) noteProblems(problems []transfer.Problem) {
	for _, problem := range problems {
		where := "the file"
		if problem.Row > 0 {
			where = fmt.Sprintf("item %d", problem.Row)
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
		Args:  takes(0, 0),
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
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
