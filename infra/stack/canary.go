package stack

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"auth-api/infra/function"
)

// versions are what the output functionVersions says of one function. The next `up`
// reads them, and decides by them and by the settings alone:
//
//	settings                 the newest version is live     another is live beside it
//	canary.percent: 10       it stays; a version that is    it stays; the newest gets 10 %
//	                         published now gets 10 %
//	no percent               the newest gets all            the newest gets all: promoted
//	canary.rollback          the one before it gets all     it gets all; the newest waits
//
// Each is a change of one setting, and a second `up` with the same settings and sources
// changes nothing. After one that failed, the next goes by what the last whole one left.
type versions struct {
	Live     string // that callers reach
	Next     string // that was published last; Live, where that is all there is
	Previous string // that was live before Live; empty: none
}

const versionsOutput = "functionVersions"

// versionsOf are a function's versions as the last deployment left them, without any
// where it had none.
func (d *deployment) versionsOf(name string) (versions, error) {
	all, ok := d.previous[versionsOutput].(map[string]any)
	if !ok || all[name] == nil {
		return versions{}, nil
	}
	fields, ok := all[name].(map[string]any)
	live, isText := fields["live"].(string)
	next, isTextToo := fields["next"].(string)
	previous, _ := fields["previous"].(string)
	if !ok || !isText || !isTextToo || live == "" || next == "" {
		return versions{}, fmt.Errorf("the stack's output %s says %v of it: that is none of live and next", versionsOutput, all[name])
	}
	return versions{Live: live, Next: next, Previous: previous}, nil
}

// releaseOf decides which versions of a function are called: nil for one without any.
func (d *deployment) releaseOf(name string) (*function.Release, error) {
	canary := d.settings.Canary
	if !canary.Has(name) {
		return nil, nil
	}
	was, err := d.versionsOf(name)
	switch {
	case err != nil:
		return nil, err
	case canary.RollsBack(name) && was.Live != was.Next:
		return &function.Release{Stable: was.Live}, nil
	case canary.RollsBack(name) && was.Previous == "":
		return nil, errors.New("canary.rollback names it, and no version of it was live before the one that is: take it out, and deploy the sources as they were")
	case canary.RollsBack(name):
		return &function.Release{Stable: was.Previous}, nil
	case canary.Percent > 0:
		return &function.Release{Stable: was.Live, Percent: canary.Percent}, nil
	}
	return &function.Release{}, nil
}

// versionsNow are the output, for the next deployment to read. There is none without
// functions that have versions.
func (d *deployment) versionsNow() (pulumi.Map, error) {
	out := pulumi.Map{}
	for _, name := range d.settings.Canary.Functions {
		was, err := d.versionsOf(name)
		if err != nil {
			return nil, err
		}
		f := d.functions[name]
		out[name] = pulumi.All(f.Live, f.Newest).ApplyT(func(now []any) map[string]string {
			live, next := now[0].(string), now[1].(string)
			fields := map[string]string{"live": live, "next": next}
			previous := was.Previous
			if live != was.Live {
				previous = was.Live
			}
			if previous != "" {
				fields["previous"] = previous
			}
			return fields
		}).(pulumi.StringMapOutput)
	}
	return out, nil
}
