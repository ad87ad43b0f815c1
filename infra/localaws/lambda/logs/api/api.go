// Package api is CloudWatch Logs' API for reading the functions' logs, as `aws logs
// tail` and the SDKs use it. Every request is signed and authorized.
//
// Policies must name a group as AWS asks for it, with everything below it:
// arn:aws:logs:REGION:ACCOUNT:log-group:NAME:*. What is authorized is the ARN with
// ":log-stream:" at its end, as AWS's access-denied messages have it.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
package api

import (
	"net/http"
	"regexp"
	"strings"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/lambda/logs"
	"auth-api/infra/localaws/wire"
)

// Source holds the logs; a *lambda.Service does.
type Source interface {
	Logs(group string, f logs.Filter) ([]logs.Event, error)
	LogGroups() ([]logs.Group, error)
	LogStreams(group string) ([]logs.Stream, error)
}

// API answers CloudWatch Logs' API.
type API struct {
	source Source
	iam    *iam.Service
	prefix string // of the ARNs of groups
}

// New returns the API of the logs of an account in a region, to which iam lets callers in.
func New(source Source, iam *iam.Service, account, region string) *API {
	return &API{source: source, iam: iam, prefix: "arn:aws:logs:" + region + ":" + account + ":log-group:"}
}

// ask is a signed request and who made it.
type ask struct {
	*API
	r      *http.Request
	caller *iam.Caller
}

// Serve answers one operation, whose name stood in X-Amz-Target: FilterLogEvents,
// GetLogEvents, DescribeLogGroups and DescribeLogStreams. Any other is answered with
// UnknownOperationException.
//
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_Operations.html
func (a *API) Serve(w http.ResponseWriter, r *http.Request, operation string, body []byte) {
	a.iam.ServeJSON(w, r, "logs", operation, body, map[string]iam.Operation{
		"FilterLogEvents":    asked(a, ask.filterLogEvents),
		"GetLogEvents":       asked(a, ask.getLogEvents),
		"DescribeLogGroups":  asked(a, ask.describeLogGroups),
		"DescribeLogStreams": asked(a, ask.describeLogStreams),
	})
}

func asked[In, Out any](a *API, run func(ask, In) (Out, error)) iam.Operation {
	return iam.JSON(func(r *http.Request, caller *iam.Caller, in In) (Out, error) { return run(ask{a, r, caller}, in) })
}

// may asks IAM whether the caller may do the action to the stream of the group; the
// stream is empty where all of them are meant.
func (a ask) may(action, group, stream string) error {
	return a.iam.Permit(a.r, a.caller, iam.Request{Action: "logs:" + action, Resource: a.prefix + group + ":log-stream:" + stream}, nil)
}

func invalid(message string) error { return wire.NewError("InvalidParameterException", message) }

var (
	groupForm = regexp.MustCompile(`^[.\-_/#A-Za-z0-9]{1,512}$`)

	errNoGroup  = wire.NewError("ResourceNotFoundException", "The specified log group does not exist.")
	errNoStream = wire.NewError("ResourceNotFoundException", "The specified log stream does not exist.")
)

// groupInput is how requests name a group.
type groupInput struct {
	LogGroupName       string `json:"logGroupName"`
	LogGroupIdentifier string `json:"logGroupIdentifier"` // a name or an ARN
}

// group returns the name of the group that is meant.
func (a *API) group(in groupInput) (string, error) {
	name := in.LogGroupName
	switch {
	case name != "" && in.LogGroupIdentifier != "":
		return "", invalid("LogGroup name and LogGroup identifier are mutually exclusive parameters.")
	case strings.HasPrefix(in.LogGroupIdentifier, "arn:"):
		rest, own := strings.CutPrefix(in.LogGroupIdentifier, a.prefix)
		if !own {
			return "", invalid("The log group identifier is no log group of this account and region.")
		}
		name = rest
	case in.LogGroupIdentifier != "":
		name = in.LogGroupIdentifier
	case name == "":
		return "", invalid("Either LogGroup name or LogGroup identifier is required.")
	}
	if !groupForm.MatchString(name) {
		return "", invalid("1 validation error detected: Value '" + audit.Clip(name) + "' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+")
	}
	return name, nil
}

// mustExist refuses a group that is not there.
func (a *API) mustExist(group string) error {
	groups, err := a.source.LogGroups()
	if err != nil {
		return err
	}
	for _, g := range groups {
		if g.Name == group {
			return nil
		}
	}
	return errNoGroup
}
