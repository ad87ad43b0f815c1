package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"auth-api/infra/localaws/access"
)

// stageOf is the stage that is asked about: that of --stage, or else the only one, or else
// the stack's own.
func (o *options) stageOf(stages []access.Senders, own string) (access.Senders, error) {
	if len(stages) == 0 {
		return access.Senders{}, errors.New("explaining: the stack has no stage of an API")
	}
	var names []string
	for _, s := range stages {
		names = append(names, s.Stage.API+"/"+s.Stage.Name)
	}
	found := slices.Clone(stages)
	asked := o.stage
	if asked == "" && len(stages) > 1 {
		asked = own
	}
	if asked != "" {
		found = slices.DeleteFunc(found, func(s access.Senders) bool {
			return !slices.Contains([]string{s.Stage.Name, s.Stage.API + "/" + s.Stage.Name, s.Stage.APIID + "/" + s.Stage.Name}, asked)
		})
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case o.stage == "":
		return access.Senders{}, fmt.Errorf("the stack has several stages: say one of them with --stage; there are %s", strings.Join(names, ", "))
	case len(found) > 1:
		return access.Senders{}, fmt.Errorf("--stage is %q, which several APIs have: say API/STAGE; there are %s", o.stage, strings.Join(names, ", "))
	}
	return access.Senders{}, fmt.Errorf("--stage is %q, and there is none; there are %s", o.stage, strings.Join(names, ", "))
}
