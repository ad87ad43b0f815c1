package workspace

import "github.com/spf13/cobra"

// CompleteStacks completes the command's flag --stack by the names of this checkout's
// stacks; outside of a checkout there are none.
func CompleteStacks(cmd *cobra.Command) {
	// The flag is the command's own: it fails for one that is not there.
	if err := cmd.RegisterFlagCompletionFunc("stack", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		ws, err := Find()
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		names, err := ws.Stacks()
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}); err != nil {
		panic(err)
	}
}
