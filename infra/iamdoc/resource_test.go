package iamdoc_test

import (
	"os"
	"strings"
	"testing"

	"auth-api/infra/iamdoc"
)

func TestAnAPIThatIsCalledFromSomePlacesAlone(t *testing.T) {
	account := iamdoc.Account{Partition: "aws", Region: "us-west-2", ID: "111122223333"}
	for name, document := range map[string]iamdoc.Document{
		"call-from-addresses": iamdoc.CallFrom(account, []string{"203.0.113.0/24", "2001:db8::/32"}, nil),
		"call-from-endpoint":  iamdoc.CallFrom(account, nil, []string{"vpce-0123456789abcdef0"}),
		"call-from-either":    iamdoc.CallFrom(account, []string{"203.0.113.0/24"}, []string{"vpce-0123456789abcdef0", "vpce-11111111"}),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := document.JSON()
			if err != nil {
				t.Fatal(err)
			}
			golden := "testdata/" + name + ".json"
			if *update {
				if err := os.WriteFile(golden, []byte(got+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got+"\n" != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
	_, err := iamdoc.CallFrom(account, nil, nil).JSON()
	if err == nil || !strings.Contains(err.Error(), "everybody") {
		t.Errorf("a denial of everybody from everywhere was written: %v", err)
	}
}

func TestEverybodyIsSpokenOfUnderConditionsAlone(t *testing.T) {
	fine := iamdoc.Statement{
		ID: "A", Effect: iamdoc.Deny, Principal: &iamdoc.Principal{Everybody: true}, Actions: []string{"execute-api:Invoke"},
		Resources: []string{"arn:aws:execute-api:us-west-2:111122223333:*/*"}, Conditions: iamdoc.Conditions{"NotIpAddress": {"aws:SourceIp": {"203.0.113.0/24"}}},
	}
	if _, err := (iamdoc.Document{Statements: []iamdoc.Statement{fine}}).JSON(); err != nil {
		t.Error("the statement that all are made from is refused: ", err)
	}
	for name, change := range map[string]func(*iamdoc.Statement){
		"no conditions":      func(s *iamdoc.Statement) { s.Conditions = nil },
		"no resources":       func(s *iamdoc.Statement) { s.Resources = nil },
		"somebody besides":   func(s *iamdoc.Statement) { s.Principal.Service = "lambda.amazonaws.com" },
		"every action":       func(s *iamdoc.Statement) { s.Actions = []string{"execute-api:*"} },
		"nothing but a star": func(s *iamdoc.Statement) { s.Resources = []string{"*"} },
	} {
		s := fine
		principal := *fine.Principal
		s.Principal = &principal
		change(&s)
		if text, err := (iamdoc.Document{Statements: []iamdoc.Statement{s}}).JSON(); err == nil {
			t.Errorf("%s: it was written: %s", name, text)
		}
	}
}
