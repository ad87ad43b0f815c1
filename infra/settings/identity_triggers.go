package settings

import "slices"

// Triggers are the functions that the user pool calls, by the folders of functions/;
// empty: none.
//
// See https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html.
type Triggers struct {
	PreSignUp          string
	PostConfirmation   string
	PreAuthentication  string
	PostAuthentication string
	PreTokenGeneration string
	TokenVersion       string // of the event that PreTokenGeneration gets: V1_0, V2_0
}

// Functions are the functions that are triggers, in order of the alphabet.
func (t Triggers) Functions() []string {
	var out []string
	for _, name := range []string{t.PreSignUp, t.PostConfirmation, t.PreAuthentication, t.PostAuthentication, t.PreTokenGeneration} {
		if name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

func readTriggers(o object, functions []string) Triggers {
	var t Triggers
	o.child("triggers", "Functions that the user pool calls, by the folders of functions/. What they refuse is refused; Cognito waits 5 seconds for one.", func(o object) {
		trigger := func(name, doc string) string {
			function := o.text(name, "", "are "+joined(functions), doc)
			if function != "" && !slices.Contains(functions, function) {
				o.p.add(o.at(name), "is %q: there is no functions/%s/main.go; legal are %s", function, function, joined(functions))
				return ""
			}
			return function
		}
		t = Triggers{
			PreSignUp:          trigger("preSignUp", "Asked before somebody is registered, whom it may refuse."),
			PostConfirmation:   trigger("postConfirmation", "Told when somebody's registration is confirmed."),
			PreAuthentication:  trigger("preAuthentication", "Asked before a password is looked at."),
			PostAuthentication: trigger("postAuthentication", "Told when somebody has signed in."),
			PreTokenGeneration: trigger("preTokenGeneration", "Asked before tokens are made, whose claims and groups it may change."),
			TokenVersion:       o.choice("tokenVersion", "V1_0", []string{"V1_0", "V2_0"}, "The event that preTokenGeneration gets: V2_0 lets it change access tokens too, and needs the tier ESSENTIALS."),
		}
		if o.has("tokenVersion") && t.TokenVersion != "" && t.PreTokenGeneration == "" && !o.has("preTokenGeneration") {
			o.p.add(o.at("tokenVersion"), "is set, but preTokenGeneration names no function")
		}
	})
	return t
}
