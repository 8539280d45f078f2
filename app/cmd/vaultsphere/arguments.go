package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/vaultsphere/vaultsphere/app/chain"
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

// takes checks the number of arguments. The error does not quote them: a secret may be among them.
func takes(atLeast, atMost int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		use := strings.TrimSuffix(cmd.UseLine(), " [flags]")
		switch {
		case len(args) < atLeast:
			return fmt.Errorf("missing argument: %s", use)
		case len(args) > atMost:
			return fmt.Errorf("too many arguments: %s", use)
		}
		return nil
	}
}

// flagError replaces an error that quotes the value of a flag: it may be a secret.
func flagError(err error) error {
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) {
		return err
	}
	if f := invalid.GetFlag(); f.Value.Type() == "bool" {
		return fmt.Errorf("--%s takes no value", f.Name)
	}
	return fmt.Errorf("the value of --%s must be a whole number", invalid.GetFlag().Name)
}

// suggestion moves cobra's suggestions for an unknown command to the hint.
func suggestion(u *usageError) error {
	message, similar, found := strings.Cut(u.Error(), "\n\nDid you mean this?\n")
	if !found {
		return u
	}
	return withHint(&usageError{errors.New(message), u.command}, "did you mean "+strings.Join(strings.Fields(similar), " or ")+"?")
}

// looksLikeFlag reports whether arg is an item id that begins with a hyphen. A test makes sure that no flag looks like an id.
func looksLikeFlag(arg string) bool {
	_, err := chain.ParseID(arg)
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
