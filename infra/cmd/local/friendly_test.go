package main

import (
	"testing"

	"auth-api/infra/cmd/internal/friendly"
)

func TestFriendly(t *testing.T) {
	friendly.Check(t, command, friendly.WithoutJSON{"serve": "it prints its log", "stop": "it says that it was done"})
}
