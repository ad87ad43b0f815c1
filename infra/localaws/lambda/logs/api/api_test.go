package api_test

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	client "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"auth-api/infra/localaws/internal/apitest"
	"auth-api/infra/localaws/lambda/logs"
	"auth-api/infra/localaws/lambda/logs/api"
)

const (
	shop  = "/aws/lambda/shop"
	group = "arn:aws:logs:us-west-2:000000000000:log-group:"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// source is logs as the Lambda room holds them.
type source struct{ *logs.Store }

func (s source) Logs(group string, f logs.Filter) ([]logs.Event, error) {
	return s.Events(group, f), nil
}

func (s source) LogGroups() (all []logs.Group, err error) {
	sizes := s.Groups()
	for _, name := range slices.Sorted(maps.Keys(sizes)) {
		all = append(all, logs.Group{Name: name, Bytes: sizes[name], RetentionInDays: 7})
	}
	return all, nil
}

func (s source) LogStreams(group string) (all []logs.Stream, err error) {
	for _, e := range s.Events(group, logs.Filter{}) {
		i := slices.IndexFunc(all, func(s logs.Stream) bool { return s.Name == e.Stream })
		if i < 0 {
			all, i = append(all, logs.Stream{Name: e.Stream, First: e.Time}), len(all)
		}
		all[i].Last = e.Time
	}
	slices.SortFunc(all, func(a, b logs.Stream) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

type world struct {
	*apitest.World
	logs    *logs.Store
	api     *api.API
	address string
}

// newWorld has 25 lines in two streams of one group, a second apart.
func newWorld(t testing.TB) *world {
	w := &world{World: apitest.New(t), logs: logs.New(16<<20, nil)}
	w.api = api.New(source{w.logs}, w.IAM, apitest.Account, apitest.Region)
	w.address = w.Serve(func(rw http.ResponseWriter, r *http.Request, body []byte) {
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		w.api.Serve(rw, r, operation, body)
	})
	for i := range 25 {
		w.line(i, fmt.Sprintf("line %02d", i))
	}
	return w
}

func (w *world) line(i int, message string) {
	w.logs.Append(logs.Event{Group: shop, Stream: "2026/03/04/[$LATEST]" + string(rune('a'+i%2)), Time: noon.Add(time.Duration(i) * time.Second), Message: message})
}

func (w *world) client(c aws.CredentialsProvider) *client.Client {
	return client.NewFromConfig(apitest.Config(w.address, c))
}

func TestWhoMayRead(t *testing.T) {
	w := newWorld(t)
	filter := func(c *client.Client) error {
		_, err := c.FilterLogEvents(t.Context(), &client.FilterLogEventsInput{LogGroupName: aws.String(shop)})
		return err
	}
	gone := func(c *client.Client) error {
		_, err := c.FilterLogEvents(t.Context(), &client.FilterLogEventsInput{LogGroupName: aws.String("/gone")})
		return err
	}
	get := func(c *client.Client) error {
		_, err := c.GetLogEvents(t.Context(), &client.GetLogEventsInput{LogGroupIdentifier: aws.String(group + shop), LogStreamName: aws.String("2026/03/04/[$LATEST]a")})
		return err
	}
	streams := func(c *client.Client) error {
		_, err := c.DescribeLogStreams(t.Context(), &client.DescribeLogStreamsInput{LogGroupName: aws.String(shop)})
		return err
	}
	groups := func(c *client.Client) error {
		_, err := c.DescribeLogGroups(t.Context(), nil)
		return err
	}
	const none = "because no identity-based policy allows the logs:%s action"
	for i, c := range []struct {
		name     string
		policies []string
		ask      func(*client.Client) error
		action   string // of the denial
		resource string
		because  string
	}{
		{"the group and what is below it", []string{apitest.Allow("logs:FilterLogEvents", group+shop+":*")}, filter, "", "", ""},
		{"the group alone", []string{apitest.Allow("logs:FilterLogEvents", group+shop)}, filter, "FilterLogEvents", shop + ":log-stream:", none},
		{"no grant", nil, filter, "FilterLogEvents", shop + ":log-stream:", none},
		{"another group", []string{apitest.Allow("logs:*", group+"/aws/lambda/other:*")}, filter, "FilterLogEvents", shop + ":log-stream:", none},
		{"denied", []string{apitest.Allow("logs:*", "*"), apitest.Deny("logs:Filter*", "*")}, filter, "FilterLogEvents", shop + ":log-stream:", "with an explicit deny in an identity-based policy"},
		{"what is not there is not told", nil, gone, "FilterLogEvents", "/gone:log-stream:", none},
		{"a stream", []string{apitest.Allow("logs:GetLogEvents", group+shop+":log-stream:2026/03/04/[$LATEST]a")}, get, "", "", ""},
		{"another stream", []string{apitest.Allow("logs:GetLogEvents", group+shop+":log-stream:*b")}, get, "GetLogEvents", shop + ":log-stream:2026/03/04/[$LATEST]a", none},
		{"the streams", []string{apitest.Allow("logs:DescribeLogStreams", group+shop+":*")}, streams, "", "", ""},
		{"no grant for the streams", []string{apitest.Allow("logs:Filter*", "*")}, streams, "DescribeLogStreams", shop + ":log-stream:", none},
		{"the groups", []string{apitest.Allow("logs:DescribeLogGroups", "*")}, groups, "", "", ""},
		{"one of the groups", []string{apitest.Allow("logs:DescribeLogGroups", group+shop+":*")}, groups, "DescribeLogGroups", ":log-stream:", none},
	} {
		t.Run(c.name, func(t *testing.T) {
			role := fmt.Sprint("r", i)
			// A policy's $ begins a variable; AWS writes it out as ${$}.
			for j := range c.policies {
				c.policies[j] = strings.ReplaceAll(c.policies[j], "$LATEST", "${$}LATEST")
			}
			err := c.ask(w.client(w.Role(role, c.policies...)))
			if c.action == "" {
				apitest.Refused(t, err, "", "")
				return
			}
			apitest.Refused(t, err, "AccessDeniedException", "User: "+apitest.Session(role)+" is not authorized to perform: logs:"+c.action+" on resource: "+group+c.resource+" "+strings.Replace(c.because, "%s", c.action, 1))
		})
	}
}

func TestFilterLogEvents(t *testing.T) {
	w := newWorld(t)
	w.line(25, "an ERROR at the end")
	c := w.client(apitest.Administrator())
	at := func(second int) *int64 { return aws.Int64(noon.Add(time.Duration(second) * time.Second).UnixMilli()) }
	for name, test := range map[string]struct {
		in    client.FilterLogEventsInput
		pages int
		want  string // first and last message, and how many
	}{
		"all":                   {client.FilterLogEventsInput{}, 1, "line 00 … an ERROR at the end (26)"},
		"in pages":              {client.FilterLogEventsInput{Limit: aws.Int32(10)}, 3, "line 00 … an ERROR at the end (26)"},
		"from a time":           {client.FilterLogEventsInput{StartTime: at(20)}, 1, "line 20 … an ERROR at the end (6)"},
		"up to and with a time": {client.FilterLogEventsInput{EndTime: at(3)}, 1, "line 00 … line 03 (4)"},
		"of a stream":           {client.FilterLogEventsInput{LogStreamNames: []string{"2026/03/04/[$LATEST]a"}}, 1, "line 00 … line 24 (13)"},
		"of a prefix":           {client.FilterLogEventsInput{LogStreamNamePrefix: aws.String("2026/03/04/[$LATEST]b")}, 1, "line 01 … an ERROR at the end (13)"},
		"of another prefix":     {client.FilterLogEventsInput{LogStreamNamePrefix: aws.String("2025")}, 1, "(0)"},
		"a term":                {client.FilterLogEventsInput{FilterPattern: aws.String("ERROR")}, 1, "an ERROR at the end … an ERROR at the end (1)"},
		"a phrase":              {client.FilterLogEventsInput{FilterPattern: aws.String(`"line 07"`)}, 1, "line 07 … line 07 (1)"},
		"without a term":        {client.FilterLogEventsInput{FilterPattern: aws.String(`-ERROR`), Limit: aws.Int32(25)}, 2, "line 00 … line 24 (25)"},
	} {
		test.in.LogGroupName = aws.String(shop)
		var messages []string
		ids := map[string]bool{}
		pages, count := client.NewFilterLogEventsPaginator(c, &test.in), 0
		for pages.HasMorePages() {
			page, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			count++
			for _, e := range page.Events {
				messages = append(messages, *e.Message)
				ids[*e.EventId] = true
				if len(*e.EventId) != 56 || *e.Timestamp < noon.UnixMilli() || *e.IngestionTime != *e.Timestamp || !strings.HasPrefix(*e.LogStreamName, "2026/03/04/") {
					t.Errorf("%s: %+v", name, e)
				}
			}
		}
		got := fmt.Sprintf("(%d)", len(messages))
		if len(messages) > 0 {
			got = messages[0] + " … " + messages[len(messages)-1] + " " + got
		}
		if got != test.want || count != test.pages || len(ids) != len(messages) {
			t.Errorf("%s: %s in %d pages with %d ids, want %s in %d", name, got, count, len(ids), test.want, test.pages)
		}
	}
	for i := range 9 { // 9 × 200 KB do not fit into one answer
		w.line(30+i, strings.Repeat("x", 200<<10)+" LARGE")
	}
	first, err := c.FilterLogEvents(t.Context(), &client.FilterLogEventsInput{LogGroupIdentifier: aws.String(shop), FilterPattern: aws.String("LARGE")})
	if err != nil || len(first.Events) == 0 || len(first.Events) > 5 || first.NextToken == nil {
		t.Errorf("%d events of 200 KB in one answer, %v", len(first.Events), err)
	}
}

// What `aws logs tail` does when it follows: the same question again from the last time
// on, and only events of unknown ids are printed.
func TestFollowing(t *testing.T) {
	w := newWorld(t)
	c := w.client(apitest.Administrator())
	seen, since := map[string]bool{}, noon.UnixMilli()
	fresh := func() (n int) {
		out, err := c.FilterLogEvents(t.Context(), &client.FilterLogEventsInput{LogGroupName: aws.String(shop), StartTime: &since, Interleaved: aws.Bool(true)})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range out.Events {
			if !seen[*e.EventId] {
				n++
			}
			seen[*e.EventId], since = true, *e.Timestamp
		}
		return n
	}
	if a, b := fresh(), fresh(); a != 25 || b != 0 {
		t.Errorf("at first %d lines, then %d", a, b)
	}
	w.line(24, "of the same second")
	w.line(24, "of the same second")
	if n := fresh(); n != 2 {
		t.Errorf("two lines came, and %d are new", n)
	}
}

func TestGetLogEvents(t *testing.T) {
	w := newWorld(t)
	c := w.client(apitest.Administrator())
	get := func(fromHead bool, token *string) (string, *client.GetLogEventsOutput) {
		t.Helper()
		out, err := c.GetLogEvents(t.Context(), &client.GetLogEventsInput{
			LogGroupName: aws.String(shop), LogStreamName: aws.String("2026/03/04/[$LATEST]a"), Limit: aws.Int32(5), StartFromHead: &fromHead, NextToken: token,
		})
		if err != nil {
			t.Fatal(err)
		}
		var messages []string
		for _, e := range out.Events {
			messages = append(messages, strings.TrimPrefix(*e.Message, "line "))
		}
		return strings.Join(messages, " "), out
	}
	want := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	latest, at := get(false, nil)
	want(latest, "16 18 20 22 24")
	before, at2 := get(false, at.NextBackwardToken)
	want(before, "06 08 10 12 14")
	after, _ := get(false, at2.NextForwardToken)
	want(after, latest)
	none, end := get(false, at.NextForwardToken)
	want(none, "")
	want(*end.NextForwardToken, *at.NextForwardToken)
	head, at := get(true, nil)
	want(head, "00 02 04 06 08")
	none, begin := get(true, at.NextBackwardToken)
	want(none, "")
	want(*begin.NextBackwardToken, *at.NextBackwardToken)
	w.line(26, "line 26")
	grown, _ := get(false, end.NextForwardToken)
	want(grown, "26")
	out, err := c.GetLogEvents(t.Context(), &client.GetLogEventsInput{LogGroupName: aws.String(shop), LogStreamName: aws.String("2026/03/04/[$LATEST]a"),
		StartTime: aws.Int64(noon.Add(2 * time.Second).UnixMilli()), EndTime: aws.Int64(noon.Add(6 * time.Second).UnixMilli())})
	if err != nil || len(out.Events) != 2 {
		t.Errorf("from 2 to before 6 are %d events (%v)", len(out.Events), err)
	}
}

func TestLists(t *testing.T) {
	w := newWorld(t)
	for i := range 60 {
		w.logs.Append(logs.Event{Group: fmt.Sprintf("/other/%02d", i), Stream: "s", Time: noon})
	}
	c := w.client(apitest.Administrator())
	var names []string
	pages := client.NewDescribeLogGroupsPaginator(c, &client.DescribeLogGroupsInput{})
	count := 0
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		count++
		for _, g := range page.LogGroups {
			names = append(names, *g.LogGroupName)
			if *g.Arn != group+*g.LogGroupName+":*" || *g.LogGroupArn != group+*g.LogGroupName || *g.RetentionInDays != 7 || *g.StoredBytes == 0 {
				t.Errorf("%+v", g)
			}
		}
	}
	if len(names) != 61 || count != 2 || names[0] != shop {
		t.Errorf("%d groups in %d pages, the first %s", len(names), count, names[0])
	}
	for _, in := range []client.DescribeLogGroupsInput{{LogGroupNamePrefix: aws.String("/aws/")}, {LogGroupNamePattern: aws.String("SHOP")}} {
		if out, err := c.DescribeLogGroups(t.Context(), &in); err != nil || len(out.LogGroups) != 1 {
			t.Errorf("%+v finds %v, %v", in, out, err)
		}
	}
	streams := func(in client.DescribeLogStreamsInput) string {
		t.Helper()
		in.LogGroupName = aws.String(shop)
		out, err := c.DescribeLogStreams(t.Context(), &in)
		if err != nil {
			t.Fatal(err)
		}
		all := ""
		for _, s := range out.LogStreams {
			all += strings.TrimPrefix(*s.LogStreamName, "2026/03/04/[$LATEST]")
			if *s.Arn != group+shop+":log-stream:"+*s.LogStreamName || *s.FirstEventTimestamp >= *s.LastEventTimestamp {
				t.Errorf("%+v", s)
			}
		}
		return all
	}
	for want, in := range map[string]client.DescribeLogStreamsInput{
		"ab": {}, "ba": {Descending: aws.Bool(true)}, "b": {LogStreamNamePrefix: aws.String("2026/03/04/[$LATEST]b")},
	} {
		if got := streams(in); got != want {
			t.Errorf("the streams are %q, want %q", got, want)
		}
	}
	if got := streams(client.DescribeLogStreamsInput{OrderBy: types.OrderByLastEventTime, Descending: aws.Bool(true), Limit: aws.Int32(1)}); got != "a" {
		t.Errorf("the latest stream is %q", got)
	}
}

func TestRequestsThatAreNone(t *testing.T) {
	w := newWorld(t)
	c := w.client(apitest.Administrator())
	filter := func(in client.FilterLogEventsInput) error {
		if in.LogGroupName == nil && in.LogGroupIdentifier == nil {
			in.LogGroupName = aws.String(shop)
		}
		_, err := c.FilterLogEvents(t.Context(), &in)
		return err
	}
	type in = client.FilterLogEventsInput
	for _, test := range []struct {
		in        in
		code, say string
	}{
		{in{LogGroupName: aws.String("/gone")}, "ResourceNotFoundException", "The specified log group does not exist."},
		{in{LogStreamNames: []string{"gone"}}, "ResourceNotFoundException", "The specified log stream does not exist."},
		{in{LogGroupName: aws.String(shop), LogGroupIdentifier: aws.String(shop)}, "InvalidParameterException", "LogGroup name and LogGroup identifier are mutually exclusive parameters."},
		{in{LogGroupIdentifier: aws.String("arn:aws:logs:us-west-2:111111111111:log-group:x")}, "InvalidParameterException", "The log group identifier is no log group of this account and region."},
		{in{LogStreamNames: []string{"a"}, LogStreamNamePrefix: aws.String("b")}, "InvalidParameterException", "logStreamNames and logStreamNamePrefix are mutually exclusive parameters."},
		{in{FilterPattern: aws.String("{ $.a = 1 }")}, "InvalidParameterException", "Invalid filter pattern: patterns for JSON, {…}, are not known to the local AWS; terms and quoted phrases are."},
		{in{Limit: aws.Int32(10001)}, "InvalidParameterException", "1 validation error detected: Value '10001' at 'limit' failed to satisfy constraint: Member must have value between 1 and 10000"},
		{in{StartTime: aws.Int64(-1)}, "InvalidParameterException", "1 validation error detected: Value '-1' at 'startTime' failed to satisfy constraint: Member must have value greater than or equal to 0"},
		{in{NextToken: aws.String("x")}, "InvalidParameterException", "The specified nextToken is invalid."},
		{in{StartFromHead: aws.Bool(false)}, "InvalidParameterException", "The local AWS does not know startFromHead false of FilterLogEvents."},
		{in{Unmask: true}, "InvalidParameterException", "The local AWS does not know unmask: it has no data protection policies."},
	} {
		apitest.Refused(t, filter(test.in), test.code, test.say)
	}
	_, err := c.PutLogEvents(t.Context(), &client.PutLogEventsInput{LogGroupName: aws.String(shop), LogStreamName: aws.String("s"), LogEvents: []types.InputLogEvent{}})
	apitest.Refused(t, err, "UnknownOperationException", "The local AWS does not know the operation PutLogEvents of logs.")
}

// No body, however it is made, gets anything but an answer in AWS's form.
func FuzzServe(f *testing.F) {
	w := newWorld(f)
	for _, body := range []string{
		`{"logGroupName":"/aws/lambda/shop","filterPattern":"-x","limit":3,"nextToken":"f/MQ"}`, `{"logGroupName":"/aws/lambda/shop","logStreamName":"2026/03/04/[$LATEST]a","nextToken":"b/MTAw"}`,
		`{"logGroupIdentifier":"arn:aws:logs:us-west-2:000000000000:log-group:","startTime":9223372036854775807,"endTime":9223372036854775807}`, `{"limit":0}`, `null`, `{"nextToken":"L2F3cw","orderBy":"LastEventTime"}`,
	} {
		for _, operation := range []string{"FilterLogEvents", "GetLogEvents", "DescribeLogGroups", "DescribeLogStreams"} {
			f.Add(operation, []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, operation string, body []byte) {
		r := httptest.NewRequest("POST", "http://localhost/", bytes.NewReader(body))
		apitest.Sign(t, r, body, "logs", apitest.Administrator())
		rw := httptest.NewRecorder()
		w.api.Serve(rw, r, operation, body)
		if rw.Code != 200 && rw.Code != 400 {
			t.Errorf("%d %s", rw.Code, rw.Body)
		}
	})
}
