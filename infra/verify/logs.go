package verify

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

const themeLogs = "Logs"

const docAccessLog = "https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html"

func logChecks() []Check {
	check := func(id, title, proves, doc string, severity Severity, applies string, run func(context.Context, *session) []Result) Check {
		return Check{ID: id, Theme: themeLogs, Title: title, Proves: proves, Doc: doc, Severity: severity, Applies: applies + ", with an administrator's credentials", phase: settled, run: run}
	}
	return []Check{
		check("V-LOG-01", "The access log's format names no secret", "No header, token or API key's value is in the format of the stage's access log; a key's id may be.", "https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html", High, "stages with an access log", logFormat),
		check("V-LOG-02", "The access log holds no secret", "What API Gateway wrote of this run's requests has none of the keys, passwords and tokens that they were sent with.", docAccessLog, Critical, "stages with an access log; the local AWS writes none", accessLog),
		check("V-LOG-03", "The functions' logs hold no secret", "What the functions wrote during this run has none of the keys, passwords and tokens that requests were sent with.", "https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html", Critical, "functions that answer routes", functionLogs),
		check("V-LOG-04", "Execution logs hold no bodies", "Data tracing, which writes bodies and tokens to the log, is off for every method of the stage.", docAccessLog, High, "every stage", dataTrace),
	}
}

// secretVariable is what of an access log's format would write what opens doors. The id of
// an API key does not.
var secretVariable = regexp.MustCompile(`(?i)\$input|header|authorization|token|requestoverride|\$context\.identity\.(apikey|accesskey)\b`)

func logFormat(ctx context.Context, s *session) (out []Result) {
	d := s.inspect(ctx)
	switch {
	case d.err != nil:
		return failure(d.err)
	case d.stage.AccessLogSettings == nil || aws.ToString(d.stage.AccessLogSettings.Format) == "":
		return []Result{skip("", "", "the stage has no access log")}
	}
	found := secretVariable.FindString(aws.ToString(d.stage.AccessLogSettings.Format))
	return []Result{mustHold("", "", "no header, token or key", shownOr(found, "none"), found == "")}
}

// logged looks for secrets in what a log group was written since the run began.
func (s *session) logged(ctx context.Context, group string) Result {
	secrets := s.bearing()
	in := &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group, StartTime: aws.Int64(s.now().Add(-time.Since(s.began) - time.Minute).UnixMilli())}
	events := 0
	// What comes late is looked at by the next run: CloudWatch takes up to minutes.
	for page := 0; page < 50; page++ {
		out, err := s.admin.logs.FilterLogEvents(ctx, in)
		if code, _ := errorCode(err); code == "ResourceNotFoundException" {
			return skip("", group, "there is no such log group yet")
		}
		if err != nil {
			return broken("", group, fmt.Errorf("reading the log: %w", told(err)))
		}
		for _, e := range out.Events {
			events++
			for _, what := range sortedKeys(secrets) {
				if strings.Contains(aws.ToString(e.Message), secrets[what]) {
					return mustHold("", group, "no secret", what, false)
				}
			}
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			break
		}
	}
	return mustHold("", group, "no secret", fmt.Sprintf("none, in %d lines", events), true)
}

func accessLog(ctx context.Context, s *session) []Result {
	d := s.inspect(ctx)
	switch {
	case d.err != nil:
		return failure(d.err)
	case d.stage.AccessLogSettings == nil:
		return []Result{skip("", "", "the stage has no access log")}
	case s.target.Local():
		return []Result{skip("", "", "the local AWS takes the setting and writes no access log; its own log is the tests' to look through")}
	}
	_, group, found := strings.Cut(aws.ToString(d.stage.AccessLogSettings.DestinationArn), ":log-group:")
	if !found {
		return []Result{skip("", "", "the access log goes elsewhere than to CloudWatch")}
	}
	return []Result{s.logged(ctx, strings.TrimSuffix(group, ":*"))}
}

func functionLogs(ctx context.Context, s *session) (out []Result) {
	d := s.inspect(ctx)
	if d.err != nil {
		return failure(d.err)
	}
	var names []string
	for _, r := range d.doc {
		if name := r.Function(); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, name := range names {
		out = append(out, s.logged(ctx, "/aws/lambda/"+name))
	}
	return out
}

func dataTrace(ctx context.Context, s *session) (out []Result) {
	d := s.inspect(ctx)
	if d.err != nil {
		return failure(d.err)
	}
	traced := ""
	for _, path := range sortedKeys(d.stage.MethodSettings) {
		if d.stage.MethodSettings[path].DataTraceEnabled {
			traced = path
		}
	}
	return []Result{mustHold("", "", "off", shownOr(traced, "off"), traced == "")}
}
