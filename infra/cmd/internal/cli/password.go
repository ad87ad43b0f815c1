package cli

import (
	"fmt"
	"os"

	"golang.org/x/term"
)

// PasswordVariable is the environment variable that Password reads.
const PasswordVariable = "AUTH_API_PASSWORD"

// Password finds a user's password without ever taking it from the command line, where
// other users of the machine could read it: in the environment; known, unless that is
// empty; or by asking on the terminal.
func Password(user, known string) (string, error) {
	if p := os.Getenv(PasswordVariable); p != "" {
		return p, nil
	}
	if known != "" {
		return known, nil
	}
	if !term.IsTerminal(int(os.Stdin.Fd())) {
		return "", fmt.Errorf("signing in as %s: no password; set %s, or run this on a terminal to be asked", user, PasswordVariable)
	}
	fmt.Fprintf(os.Stderr, "Password of %s: ", user)
	p, err := term.ReadPassword(int(os.Stdin.Fd()))
	fmt.Fprintln(os.Stderr)
	if err != nil {
		return "", fmt.Errorf("reading the password: %w", err)
	}
	return string(p), nil
}
