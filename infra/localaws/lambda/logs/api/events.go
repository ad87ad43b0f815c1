package api

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"auth-api/infra/localaws/lambda/logs"
)

const (
	maxEvents = 10000   // of one answer
	maxBytes  = 1 << 20 // of their messages
)

// event is an event as the API shows it. Times are milliseconds since 1970.
type event struct {
	EventID       string `json:"eventId,omitempty"`
	IngestionTime int64  `json:"ingestionTime"`
	LogStreamName string `json:"logStreamName,omitempty"`
	Message       string `json:"message"`
	Timestamp     int64  `json:"timestamp"`
}

// eventID tells events apart for good: sequences begin anew with the local AWS, but
// never in the same millisecond.
func eventID(e logs.Event) string { return fmt.Sprintf("%036d%020d", e.Time.UnixMilli(), e.Sequence) }

// limit is how many events are asked for.
func limit(asked *int) (int, error) {
	switch {
	case asked == nil:
		return maxEvents, nil
	case *asked < 1 || *asked > maxEvents:
		return 0, invalid("1 validation error detected: Value '" + strconv.Itoa(*asked) + "' at 'limit' failed to satisfy constraint: Member must have value between 1 and 10000")
	}
	return *asked, nil
}

// milliseconds is a time of a request; nil is none.
func milliseconds(member string, at *int64) (time.Time, error) {
	switch {
	case at == nil:
		return time.Time{}, nil
	case *at < 0:
		return time.Time{}, invalid("1 validation error detected: Value '" + strconv.FormatInt(*at, 10) + "' at '" + member + "' failed to satisfy constraint: Member must have value greater than or equal to 0")
	}
	return time.UnixMilli(*at), nil
}

// token stands for a place between events. It is opaque to clients.
func token(direction string, sequence uint64) string {
	return direction + "/" + base64.RawURLEncoding.EncodeToString(strconv.AppendUint(nil, sequence, 10))
}

func readToken(text string) (direction string, sequence uint64, err error) {
	direction, encoded, _ := strings.Cut(text, "/")
	number, err := base64.RawURLEncoding.DecodeString(encoded)
	if err == nil {
		sequence, err = strconv.ParseUint(string(number), 10, 64)
	}
	if err != nil || direction != "f" && direction != "b" {
		return "", 0, invalid("The specified nextToken is invalid.")
	}
	return direction, sequence, nil
}

type filterInput struct {
	groupInput
	LogStreamNames      []string `json:"logStreamNames"`
	LogStreamNamePrefix string   `json:"logStreamNamePrefix"`
	StartTime           *int64   `json:"startTime"`
	EndTime             *int64   `json:"endTime"`
	FilterPattern       string   `json:"filterPattern"`
	Limit               *int     `json:"limit"`
	NextToken           string   `json:"nextToken"`
	StartFromHead       *bool    `json:"startFromHead"`
	Unmask              bool     `json:"unmask"`
}

type filterOutput struct {
	Events             []event  `json:"events"`
	SearchedLogStreams []string `json:"searchedLogStreams"` // always empty, as on AWS by now
	NextToken          string   `json:"nextToken,omitempty"`
}

// filterLogEvents answers the oldest events first, of all streams together.
//
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
func (a ask) filterLogEvents(in filterInput) (out filterOutput, err error) {
	out = filterOutput{Events: []event{}, SearchedLogStreams: []string{}}
	group, err := a.group(in.groupInput)
	if err != nil {
		return out, err
	}
	if err := a.may("FilterLogEvents", group, ""); err != nil {
		return out, err
	}
	f := logs.Filter{Oldest: true}
	if f.Limit, err = limit(in.Limit); err != nil {
		return out, err
	}
	if f.Since, err = milliseconds("startTime", in.StartTime); err != nil {
		return out, err
	}
	if f.Until, err = milliseconds("endTime", in.EndTime); err != nil {
		return out, err
	}
	if in.EndTime != nil {
		f.Until = f.Until.Add(time.Millisecond) // an event at endTime is among them
	}
	pattern, err := logs.ParsePattern(in.FilterPattern)
	switch {
	case err != nil:
		return out, invalid("Invalid filter pattern: " + err.Error() + ".")
	case len(in.LogStreamNames) > 0 && in.LogStreamNamePrefix != "":
		return out, invalid("logStreamNames and logStreamNamePrefix are mutually exclusive parameters.")
	case len(in.LogStreamNames) > 100:
		return out, invalid("logStreamNames has more than 100 names.")
	case in.StartFromHead != nil && !*in.StartFromHead:
		return out, invalid("The local AWS does not know startFromHead false of FilterLogEvents.")
	case in.Unmask:
		return out, invalid("The local AWS does not know unmask: it has no data protection policies.")
	}
	var after uint64
	if in.NextToken != "" {
		if _, after, err = readToken(in.NextToken); err != nil {
			return out, err
		}
	}
	if err := a.mustExist(group); err != nil {
		return out, err
	}
	if err := a.mustHave(group, in.LogStreamNames); err != nil {
		return out, err
	}
	f.Where = func(e *logs.Event) bool {
		return e.Sequence > after && strings.HasPrefix(e.Stream, in.LogStreamNamePrefix) &&
			(len(in.LogStreamNames) == 0 || slices.Contains(in.LogStreamNames, e.Stream)) && pattern.Matches(e.Message)
	}
	events, err := a.source.Logs(group, f)
	if err != nil {
		return out, err
	}
	events, cut := fitting(events)
	for _, e := range events {
		out.Events = append(out.Events, event{eventID(e), e.Time.UnixMilli(), e.Stream, e.Message, e.Time.UnixMilli()})
	}
	if n := len(events); cut || n == f.Limit {
		out.NextToken = token("f", events[n-1].Sequence)
	}
	return out, nil
}

// mustHave refuses the names of streams that the group does not have.
func (a *API) mustHave(group string, names []string) error {
	if len(names) == 0 {
		return nil
	}
	streams, err := a.source.LogStreams(group)
	if err != nil {
		return err
	}
	for _, name := range names {
		if !slices.ContainsFunc(streams, func(s logs.Stream) bool { return s.Name == name }) {
			return errNoStream
		}
	}
	return nil
}

// fitting cuts off the events that are too many for one answer by their size; one
// always fits.
func fitting(events []logs.Event) (fit []logs.Event, cut bool) {
	size := 0
	for i, e := range events {
		if size += len(e.Message); size > maxBytes && i > 0 {
			return events[:i], true
		}
	}
	return events, false
}

type getInput struct {
	groupInput
	LogStreamName string `json:"logStreamName"`
	StartTime     *int64 `json:"startTime"`
	EndTime       *int64 `json:"endTime"`
	Limit         *int   `json:"limit"`
	NextToken     string `json:"nextToken"`
	StartFromHead bool   `json:"startFromHead"`
	Unmask        bool   `json:"unmask"`
}

type getOutput struct {
	Events            []event `json:"events"`
	NextForwardToken  string  `json:"nextForwardToken"`
	NextBackwardToken string  `json:"nextBackwardToken"`
}

// getLogEvents answers the events of a stream, from its head or its end on in either
// direction, the older ones first in every answer. At either end it answers the token
// that it was given.
//
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
func (a ask) getLogEvents(in getInput) (out getOutput, err error) {
	out.Events = []event{}
	group, err := a.group(in.groupInput)
	if err != nil {
		return out, err
	}
	if in.LogStreamName == "" || len(in.LogStreamName) > 512 || strings.ContainsAny(in.LogStreamName, ":*") {
		return out, invalid("1 validation error detected: Value at 'logStreamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [^:*]*")
	}
	if err := a.may("GetLogEvents", group, in.LogStreamName); err != nil {
		return out, err
	}
	f := logs.Filter{Stream: in.LogStreamName, Oldest: in.StartFromHead}
	if f.Limit, err = limit(in.Limit); err != nil {
		return out, err
	}
	if f.Since, err = milliseconds("startTime", in.StartTime); err != nil {
		return out, err
	}
	if f.Until, err = milliseconds("endTime", in.EndTime); err != nil { // an event at endTime is not among them
		return out, err
	}
	if in.Unmask {
		return out, invalid("The local AWS does not know unmask: it has no data protection policies.")
	}
	var at uint64
	if in.NextToken != "" {
		var direction string
		if direction, at, err = readToken(in.NextToken); err != nil {
			return out, err
		}
		if f.Oldest = direction == "f"; f.Oldest {
			f.Where = func(e *logs.Event) bool { return e.Sequence > at }
		} else {
			f.Where = func(e *logs.Event) bool { return e.Sequence < at }
		}
	}
	if err := a.mustExist(group); err != nil {
		return out, err
	}
	if err := a.mustHave(group, []string{in.LogStreamName}); err != nil {
		return out, err
	}
	events, err := a.source.Logs(group, f)
	if err != nil {
		return out, err
	}
	if f.Oldest {
		events, _ = fitting(events)
	} else {
		slices.Reverse(events)
		events, _ = fitting(events)
		slices.Reverse(events)
	}
	for _, e := range events {
		out.Events = append(out.Events, event{IngestionTime: e.Time.UnixMilli(), Message: e.Message, Timestamp: e.Time.UnixMilli()})
	}
	first, last := at, at
	if len(events) > 0 {
		first, last = events[0].Sequence, events[len(events)-1].Sequence
	}
	out.NextForwardToken, out.NextBackwardToken = token("f", last), token("b", first)
	return out, nil
}
