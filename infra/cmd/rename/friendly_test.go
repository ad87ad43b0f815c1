package main

import (
	"testing"

	"auth-api/infra/cmd/internal/friendly"
)

func TestFriendly(t *testing.T) {
	friendly.Check(t, command, friendly.WithoutJSON{"": "it changes files"})
}
