package main

import (
	"testing"

	"auth-api/infra/cmd/internal/friendly"
)

func TestFriendly(t *testing.T) {
	const pulumis = "what is printed is Pulumi's, which takes --json behind --"
	friendly.Check(t, command, friendly.WithoutJSON{"up": pulumis, "preview": pulumis, "refresh": pulumis, "destroy": pulumis, "outputs": "it prints JSON as it is", "comment": "it writes Markdown, for GitHub", "drift": "it tells by its exit code; what differs is told as Pulumi does"})
}
