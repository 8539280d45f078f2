package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vaultsphere/vaultsphere/app/client"
)

func (p *program) vaultsCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "vaults",
		Short: "List your vaults, create and rename shared ones",
		Long: `List your vaults: the personal one, and the shared ones with your role, the number of members and items,
and what is wrong, if anything.

Commands for items work on all vaults. --vault NAME restricts them to one.`,
		Args: takes(0, 0),
		RunE: p.withVaults(func(_ context.Context, c *connection, _ []string) error {
			list, err := c.Vaults()
			if err != nil {
				return err
			}
			if asJSON {
				return p.printJSON(list)
			}
			return p.write(aligned(vaultTable(list)))
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON array")
	cmd.AddCommand(p.createVaultCommand(), p.renameVaultCommand())
	return cmd
}

func (p *program) createVaultCommand() *cobra.Command {
	return &cobra.Command{
		Use:               "create NAME",
		Short:             "Create a shared vault and print its id",
		Long:              `Create a shared vault, of which you are the owner and only member, and print its id.`,
		Args:              takes(1, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: p.withVaults(func(ctx context.Context, c *connection, args []string) error {
			v, err := c.CreateVault(ctx, args[0])
			if err != nil {
				return err
			}
			return p.write(v.ID + "\n")
		}),
	}
}

func (p *program) renameVaultCommand() *cobra.Command {
	return &cobra.Command{
		Use:               "rename VAULT NAME",
		Short:             "Give a shared vault another name",
		Long:              `Give a shared vault, by name or id, another name. All members see it. It needs an owner or a manager.`,
		Args:              takes(2, 2),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: p.withVaults(func(ctx context.Context, c *connection, args []string) error {
			id, err := c.FindVault(args[0])
			if err == nil {
				_, err = c.RenameVault(ctx, id, args[1])
			}
			return err
		}),
	}
}

// withVaults runs a command with the unlocked vaults.
func (p *program) withVaults(run func(context.Context, *connection, []string) error) func(*cobra.Command, []string) error {
	return p.action(func(cmd *cobra.Command, args []string) error {
		c, err := p.unlocked(cmd.Context())
		if err != nil {
			return err
		}
		defer c.Lock()
		return run(cmd.Context(), c, args)
	})
}

// vaultFlag adds --vault to a command for items.
func (p *program) vaultFlag(cmd *cobra.Command, usage string) {
	cmd.Flags().StringVar(&p.vault, "vault", "", usage)
}

// chooseVault finds the vault that --vault names, and warns of each vault that has a problem.
func (p *program) chooseVault(c *connection) error {
	list, err := c.Vaults()
	if err != nil {
		return err
	}
	for _, v := range list {
		if !v.Personal && v.Message != "" {
			p.note("warning: vault %s: %s", vaultTitle(v), v.Message)
		}
	}
	if p.vault == "" {
		return nil
	}
	c.vault, err = c.FindVault(p.vault)
	return err
}

func vaultTitle(v client.Vault) string {
	switch {
	case v.Personal:
		return "(personal)"
	case v.Name == "":
		return v.ID
	}
	return printable(v.Name, "")
}

func vaultTable(list []client.Vault) string {
	var b strings.Builder
	b.WriteString("ID\tNAME\tROLE\tMEMBERS\tITEMS\tSTATE\n")
	for _, v := range list {
		fmt.Fprintf(&b, "%s\t%s\t%s\t%d\t%d\t%s\n", v.ID, vaultTitle(v), v.Role, v.Members, v.Items, vaultState(v))
	}
	return b.String()
}

func vaultState(v client.Vault) string {
	switch {
	case v.Left:
		return "LEFT: only unsent changes are here"
	case !v.Alarm.IsZero():
		return "ALARM: read-only"
	case v.Message != "":
		return printable(v.Message, "")
	case v.Pending > 0:
		return count(v.Pending, "unsent change")
	}
	return "ok"
}
