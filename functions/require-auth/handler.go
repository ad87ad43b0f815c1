// Command require-auth is the function behind the protected route. That the caller
// may call is API Gateway's decision, made before the function runs; the answer
// tells who it was.
//
// Where the stack file grants it to invoke guest-list, an internal function that no
// route reaches, the answer also tells which rooms the caller may enter.
package main

import (
	"context"
	"errors"
	"log"
	"net/http"
	"os"

	"github.com/aws/aws-lambda-go/events"

	"auth-api/functions/internal/caller"
	"auth-api/functions/internal/invoke"
	"auth-api/functions/internal/respond"
)

type answer struct {
	Message   string        `json:"message"`
	Caller    caller.Caller `json:"caller"`
	GuestList *entry        `json:"guestList,omitempty"` // nil where this function does not ask
}

// entry is what guest-list answers.
type entry struct {
	As    string   `json:"as"`
	Rooms []string `json:"rooms"`
}

type failure struct {
	Error string `json:"error"`
}

const guestList = "guest-list"

// ask asks a function of the stack; a test puts another in its place.
var ask = invoke.Function

func handle(ctx context.Context, request events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	out := answer{Message: "You're past the velvet rope!", Caller: caller.From(request)}
	if function := os.Getenv(invoke.Variable(guestList)); function != "" {
		err := ask(ctx, function, map[string]caller.Caller{"caller": out.Caller}, &out.GuestList)
		switch {
		case errors.Is(err, invoke.ErrRefused):
			// Not passed over in silence: who takes the grant away should see it.
			log.Printf("%v: grant it in the stack file, functions.require-auth.grants: [{invoke: %s}]", err, guestList)
			return respond.JSON(http.StatusBadGateway, failure{"the guest list may not be asked"}, respond.NoStore)
		case err != nil:
			log.Print(err)
			return respond.JSON(http.StatusBadGateway, failure{"the guest list does not answer"}, respond.NoStore)
		}
	}
	return respond.JSON(http.StatusOK, out, respond.NoStore) // the answer is about one caller: no cache may give it to another
}
