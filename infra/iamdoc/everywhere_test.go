package iamdoc_test

import (
	"testing"

	"auth-api/infra/iamdoc"
)

// Every resource is allowed where the statement says why, and nowhere else.
func TestEverywhereHasItsReason(t *testing.T) {
	s := iamdoc.Statement{Effect: iamdoc.Allow, Actions: []string{"kms:CreateKey"}, Resources: []string{iamdoc.EveryResource}}
	if _, err := (iamdoc.Document{Statements: []iamdoc.Statement{s}}).JSON(); err == nil {
		t.Error("without a reason it is taken")
	}
	s.Everywhere = "a key has no name before it is made"
	text, err := (iamdoc.Document{Statements: []iamdoc.Statement{s}}).JSON()
	if want := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:CreateKey","Resource":"*"}]}`; err != nil || text != want {
		t.Errorf("%s %v", text, err)
	}
}
