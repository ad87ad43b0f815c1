package settings

import (
	"fmt"
	"slices"
	"strings"
)

// maxResources is how many resources AWS allows an API. Each part of a path is one, the
// root too: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html.
const maxResources = 300

// checkLimits refuses what would be over a limit of AWS when it is put together.
func checkLimits(o object, s *Settings) {
	key := o.at("routes")
	if n := resources(s.Routes); n > maxResources {
		o.p.add(key, "make %d resources of the API, one for each part of a path and one for the root: AWS allows %d; use parameters such as {name} or {rest+}, or another stack for some of the routes", n, maxResources)
	}
	for _, caller := range callersOf(s.Routes) {
		access, conflicts := AccessOf(s.Routes, caller)
		if len(conflicts) > 0 { // which is told already
			continue
		}
		prefix := longestARN + s.StageName + "/"
		parts := access.Policies(prefix)
		if len(parts) == 1 { // an inline policy, which it fits
			continue
		}
		for _, part := range parts {
			if n := part.size(prefix); n > MaxManagedPolicy {
				o.p.add(key, "give %s %d permissions and denials, of which one policy would have %d characters: AWS allows a managed policy %d, and the routes of one caller are spread over %d; give several routes one pattern by a parameter, or split the API into two stacks",
					caller, len(access.Allow)+len(access.Deny), n, MaxManagedPolicy, len(parts))
				break
			}
		}
	}
}

// longestARN is as long as the beginning of a method's ARN can be, up to the stage.
const longestARN = "arn:aws-us-gov:execute-api:ap-southeast-2:123456789012:abcdefghij/"

// callersOf are the callers that routes name, each once, in order of the alphabet.
func callersOf(routes []Route) []Caller {
	var out []Caller
	for _, r := range routes {
		out = append(out, r.Callers...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// resources counts the parts of the routes' paths.
func resources(routes []Route) int {
	seen := map[string]bool{"": true}
	for _, r := range routes {
		path := ""
		for _, part := range segments(r.Path) {
			path += "/" + part
			seen[path] = true
		}
	}
	return len(seen)
}

// LongRuns tells of functions that run on when nobody waits for them any more: all
// routes that lead to one give up before its own timeout. That is legal, and paid for.
func LongRuns(s *Settings) []string {
	longest := map[string]int{} // function → milliseconds
	for _, r := range s.Routes {
		wait := r.TimeoutMillis
		if wait == 0 {
			wait = maxTimeoutMillis
		}
		longest[r.Function] = max(longest[r.Function], wait)
	}
	var out []string
	for _, name := range s.FunctionNames() {
		if wait, ok := longest[name]; ok && s.Functions[name].Timeout*1000 > wait {
			out = append(out, fmt.Sprintf("functions.%s.timeout is %d seconds, and every route to it gives up after %s: it would run on for nobody; set a timeout of %d",
				name, s.Functions[name].Timeout, seconds(wait), (wait+999)/1000))
		}
	}
	return out
}

func seconds(millis int) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.3f", float64(millis)/1000), "0"), ".") + " s"
}
