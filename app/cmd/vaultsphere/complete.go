package main

import (
	"slices"

	"github.com/spf13/cobra"

	"github.com/vaultsphere/vaultsphere/app/transfer"
)

// complete registers the values of a flag for shell completion. Items are not completed: the vault is locked then.
func complete[T ~string](cmd *cobra.Command, flag string, values ...T) {
	words := make([]cobra.Completion, len(values))
	for i, v := range values {
		words[i] = string(v)
	}
	if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // the flag does not exist, or is registered twice
	}
}

func readIDs() []string {
	var ids []string
	for _, f := range transfer.Formats() {
		ids = append(ids, f.ID)
	}
	slices.Sort(ids)
	return ids
}

func writeIDs() []string {
	var ids []string
	for _, f := range transfer.WriteFormats() {
		ids = append(ids, f.ID)
	}
	return ids
}
