package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/vaultsphere/vaultsphere/app/seal"
)

// protectIDs keeps an item id that begins with a hyphen from being read as a flag. Older versions made such ids, and people and
// scripts pass them on without a "--". protectIDs moves the flags to the front and puts a "--" before the arguments.
func protectIDs(root *cobra.Command, args []string) []string {
	if !slices.ContainsFunc(args, looksLikeFlag) {
		return args
	}
	cmd, _, err := root.Find(args)
	if err != nil || cmd == root || cmd.Name() == "run" { // the arguments of run belong to another program
		return args
	}
	path := strings.Fields(cmd.CommandPath())[1:]
	words := len(path)
	var flags, arguments []string
	for i := 0; i < len(args); i++ {
		arg := args[i]
		switch {
		case arg == "--":
			arguments = append(arguments, args[i+1:]...)
			i = len(args)
		case len(arg) > 1 && arg[0] == '-' && !looksLikeFlag(arg):
			flags = append(flags, arg)
			if takesNext(cmd, arg) && i+1 < len(args) {
				i++
				flags = append(flags, args[i])
			}
		case words > 0: // the command, or its alias
			words--
		default:
			arguments = append(arguments, arg)
		}
	}
	return slices.Concat(path, flags, []string{"--"}, arguments)
}

// looksLikeFlag reports whether arg is an item id that begins with a hyphen. A test makes sure that no flag looks like an id.
func looksLikeFlag(arg string) bool {
	_, err := seal.ParseAccountID(arg)
	return err == nil && arg[0] == '-'
}

// takesNext reports whether the next argument is the value of this flag.
func takesNext(cmd *cobra.Command, arg string) bool {
	if strings.Contains(arg, "=") {
		return false
	}
	var f *pflag.Flag
	if name, long := strings.CutPrefix(arg, "--"); long {
		if f = cmd.Flags().Lookup(name); f == nil {
			f = cmd.InheritedFlags().Lookup(name)
		}
	} else if len(arg) == 2 {
		f = cmd.Flags().ShorthandLookup(arg[1:])
	}
	return f != nil && f.NoOptDefVal == ""
}
