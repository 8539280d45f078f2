package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/vaultsphere/vaultsphere/app/seal"
)

// itemsAreNoFlags treats an id that begins with a hyphen as an argument. Older versions made such ids, and people paste what
// list prints, or pass it on in a script, without a "--". Flags are moved before a "--", and the arguments follow it in their
// order.
func itemsAreNoFlags(root *cobra.Command, args []string) []string {
	if !slices.ContainsFunc(args, looksLikeFlag) {
		return args
	}
	cmd, _, err := root.Find(args)
	if err != nil || cmd == root || cmd.Name() == "run" { // what run takes is another program's
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

// looksLikeFlag reports an id that begins with a hyphen. No flag is spelled like one: a test compares.
func looksLikeFlag(arg string) bool {
	_, err := seal.ParseAccountID(arg)
	return err == nil && arg[0] == '-'
}

// takesNext reports whether the value of a flag is the argument that follows.
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
