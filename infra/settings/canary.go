package settings

import (
	"fmt"
	"slices"
)

// Canary says how a change of a function comes to those who call it.
type Canary struct {
	Functions []string // those with versions; empty: none
	Percent   int      // of the calls that the newest version gets; 0: all
	Rollback  []string // those of Functions whose newest version gets no calls
}

// Has tells whether the calls of a function go to published versions of it.
func (c Canary) Has(function string) bool { return slices.Contains(c.Functions, function) }

// RollsBack tells whether a function goes back to the version that was live before.
func (c Canary) RollsBack(function string) bool { return slices.Contains(c.Rollback, function) }

// canaryStates is what the reference says of how settings and versions go together.
const canaryStates = `What an up does with a function of canary.functions, by which of its versions was live before:

| the settings | the newest version was live | another version was live, and the newest beside it |
|---|---|---|
| percent: 10 | It stays. A version that this up publishes gets 10 of 100 calls. | It stays. The newest, or one that this up publishes, gets 10 of 100 calls. |
| no percent | The newest gets all calls. | The newest gets all calls: it is promoted. |
| rollback names it | The version that was live before it gets all calls. | The live one gets all calls; the newest waits. |

So a change is tried by an up with percent, then promoted by an up without it, or taken back by an up with rollback; to
try again, mend the function and take it out of rollback. A second up with the same settings changes nothing, and after
one that failed the next goes by what the last whole one left. A version is published when a function's code or configuration changes, never
otherwise; AWS keeps them all until the function is deleted (75 GB an account and region).`

func readCanary(o object) Canary {
	var canary Canary
	o.child("canary", "How a change of a function's code or settings comes to its callers: by published versions of it behind the alias live, to which routes, triggers and grants lead. An up with percent gives a new version its share; one without it makes it the live one; one with rollback goes back. The output functionVersions tells which versions are live and next.", func(o object) {
		canary = Canary{
			Functions: o.texts("functions", nil, "functions of the stack", "The functions with versions. For others a change is live at once.", nil),
			Percent:   o.integer("percent", 0, 1, 99, "How many of 100 calls the newest version gets, beside the one that is live; a function's first version gets all. Without it the newest version becomes the live one.", byDefault("the newest version gets all")),
			Rollback:  o.texts("rollback", nil, "functions of canary.functions", "Those whose newest version gets no calls: the live one beside it keeps them, or, where the newest is live already, the one before gets them back. What is deployed meanwhile waits.", nil),
		}
		if o.has("percent") && len(canary.Functions) == 0 {
			o.p.add(o.at("percent"), "is for the functions of %s, and there are none", o.at("functions"))
		}
		for i, name := range canary.Rollback {
			if !canary.Has(name) {
				o.p.add(fmt.Sprintf("%s[%d]", o.at("rollback"), i), "is %q, which %s does not name", name, o.at("functions"))
			}
		}
	}, details(canaryStates))
	return canary
}

func checkCanary(o object, s *Settings) {
	for i, name := range s.Canary.Functions {
		if _, used := s.Functions[name]; !used {
			o.p.add(fmt.Sprintf("%s[%d]", o.at("canary.functions"), i), "is %q, which is no function of this stack%s: legal are %s",
				name, meant(name, s.FunctionNames()), joined(s.FunctionNames()))
		}
		// Each request goes to a version of its own: a page would ask for assets that the
		// other version has not.
		if s.Canary.Percent > 0 && name != "" && name == s.Web.Function {
			o.p.add(fmt.Sprintf("%s[%d]", o.at("canary.functions"), i), "is %q, which serves the web client (%s): with %s a page and its scripts would be of two versions, and not fit; take it out of the list, or leave percent away",
				name, o.at("web"), o.at("canary.percent"))
		}
	}
}
