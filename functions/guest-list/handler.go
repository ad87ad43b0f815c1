// Command guest-list is an internal function: no route of the API reaches it. It tells
// which rooms a caller may enter, to functions whose grants let them ask.
package main

import (
	"context"
	"fmt"

	"auth-api/functions/internal/caller"
)

// question is what another function asks.
type question struct {
	Caller caller.Caller `json:"caller"`
}

// entry is a line of the list.
type entry struct {
	As    string   `json:"as"`
	Rooms []string `json:"rooms"`
}

// list has a line for each kind of caller. Who is not on it enters nothing.
var list = map[caller.Kind]entry{
	caller.Anonymous:  {As: "passer-by", Rooms: []string{}},
	caller.Guest:      {As: "visitor", Rooms: []string{"bar"}},
	caller.SignedIn:   {As: "member", Rooms: []string{"bar", "dance floor"}},
	caller.Authorized: {As: "member", Rooms: []string{"bar", "dance floor"}},
	caller.Client:     {As: "supplier", Rooms: []string{"stockroom"}},
	caller.IAM:        {As: "staff", Rooms: []string{"bar", "dance floor", "stockroom"}},
}

func handle(_ context.Context, q question) (entry, error) {
	found, ok := list[q.Caller.Kind]
	if !ok {
		return entry{}, fmt.Errorf("looking the caller up: its kind is %q, and the list has no such line", q.Caller.Kind)
	}
	return found, nil
}
