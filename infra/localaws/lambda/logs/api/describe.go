package api

import (
	"cmp"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"auth-api/infra/localaws/lambda/logs"
)

const maxListed = 50 // groups or streams of one answer

// page cuts the items that an answer holds out of all, and says where the next begins.
// The token is the name of the last item that was answered, to be found again.
func page[T any](all []T, name func(T) string, asked *int, nextToken string) (items []T, next string, err error) {
	n := maxListed
	if asked != nil {
		if n = *asked; n < 1 || n > maxListed {
			return nil, "", invalid("1 validation error detected: Value '" + strconv.Itoa(n) + "' at 'limit' failed to satisfy constraint: Member must have value between 1 and 50")
		}
	}
	if nextToken != "" {
		last, err := base64.RawURLEncoding.DecodeString(nextToken)
		at := slices.IndexFunc(all, func(item T) bool { return name(item) == string(last) })
		if err != nil || at < 0 {
			return nil, "", invalid("The specified nextToken is invalid.")
		}
		all = all[at+1:]
	}
	if len(all) > n {
		all = all[:n]
		next = base64.RawURLEncoding.EncodeToString([]byte(name(all[n-1])))
	}
	return all, next, nil
}

type groupsInput struct {
	LogGroupNamePrefix    string   `json:"logGroupNamePrefix"`
	LogGroupNamePattern   string   `json:"logGroupNamePattern"`
	Limit                 *int     `json:"limit"`
	NextToken             string   `json:"nextToken"`
	LogGroupClass         string   `json:"logGroupClass"`
	AccountIdentifiers    []string `json:"accountIdentifiers"`
	IncludeLinkedAccounts bool     `json:"includeLinkedAccounts"`
	LogGroupIdentifiers   []string `json:"logGroupIdentifiers"`
}

type groupShown struct {
	LogGroupName      string `json:"logGroupName"`
	ARN               string `json:"arn"`
	LogGroupARN       string `json:"logGroupArn"`
	LogGroupClass     string `json:"logGroupClass"`
	RetentionInDays   int    `json:"retentionInDays,omitempty"`
	StoredBytes       int    `json:"storedBytes"`
	MetricFilterCount int    `json:"metricFilterCount"`
}

type groupsOutput struct {
	LogGroups []groupShown `json:"logGroups"`
	NextToken string       `json:"nextToken,omitempty"`
}

// describeLogGroups lists the groups in the order of their names. When a group was
// made is not known here, and not answered.
//
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogGroups.html
func (a ask) describeLogGroups(in groupsInput) (out groupsOutput, err error) {
	out.LogGroups = []groupShown{}
	if err := a.may("DescribeLogGroups", "", ""); err != nil {
		return out, err
	}
	switch {
	case in.LogGroupNamePrefix != "" && in.LogGroupNamePattern != "":
		return out, invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
	case len(in.AccountIdentifiers) > 0 || in.IncludeLinkedAccounts || len(in.LogGroupIdentifiers) > 0:
		return out, invalid("The local AWS does not know accountIdentifiers, includeLinkedAccounts and logGroupIdentifiers of DescribeLogGroups.")
	case in.LogGroupClass != "" && in.LogGroupClass != "STANDARD":
		return out, invalid("The local AWS does not know the logGroupClass; STANDARD it does.")
	}
	all, err := a.source.LogGroups()
	if err != nil {
		return out, err
	}
	all = slices.DeleteFunc(all, func(g logs.Group) bool {
		return !strings.HasPrefix(g.Name, in.LogGroupNamePrefix) || !strings.Contains(strings.ToLower(g.Name), strings.ToLower(in.LogGroupNamePattern))
	})
	all, out.NextToken, err = page(all, func(g logs.Group) string { return g.Name }, in.Limit, in.NextToken)
	for _, g := range all {
		arn := a.prefix + g.Name
		out.LogGroups = append(out.LogGroups, groupShown{g.Name, arn + ":*", arn, "STANDARD", g.RetentionInDays, g.Bytes, 0})
	}
	return out, err
}

type streamsInput struct {
	groupInput
	LogStreamNamePrefix string `json:"logStreamNamePrefix"`
	OrderBy             string `json:"orderBy"` // LogStreamName, LastEventTime
	Descending          bool   `json:"descending"`
	Limit               *int   `json:"limit"`
	NextToken           string `json:"nextToken"`
}

type streamShown struct {
	LogStreamName       string `json:"logStreamName"`
	ARN                 string `json:"arn"`
	CreationTime        int64  `json:"creationTime"`
	FirstEventTimestamp int64  `json:"firstEventTimestamp"`
	LastEventTimestamp  int64  `json:"lastEventTimestamp"`
	LastIngestionTime   int64  `json:"lastIngestionTime"`
	StoredBytes         int    `json:"storedBytes"` // always 0, as on AWS since 2019
}

type streamsOutput struct {
	LogStreams []streamShown `json:"logStreams"`
	NextToken  string        `json:"nextToken,omitempty"`
}

// describeLogStreams lists the streams of a group.
//
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogStreams.html
func (a ask) describeLogStreams(in streamsInput) (out streamsOutput, err error) {
	out.LogStreams = []streamShown{}
	group, err := a.group(in.groupInput)
	if err != nil {
		return out, err
	}
	if err := a.may("DescribeLogStreams", group, ""); err != nil {
		return out, err
	}
	byTime := in.OrderBy == "LastEventTime"
	switch {
	case in.OrderBy != "" && in.OrderBy != "LogStreamName" && !byTime:
		return out, invalid("1 validation error detected: Value at 'orderBy' failed to satisfy constraint: Member must satisfy enum value set: [LastEventTime, LogStreamName]")
	case byTime && in.LogStreamNamePrefix != "":
		return out, invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
	}
	if err := a.mustExist(group); err != nil {
		return out, err
	}
	all, err := a.source.LogStreams(group)
	if err != nil {
		return out, err
	}
	all = slices.DeleteFunc(all, func(s logs.Stream) bool { return !strings.HasPrefix(s.Name, in.LogStreamNamePrefix) })
	if byTime {
		slices.SortStableFunc(all, func(x, y logs.Stream) int {
			return cmp.Or(x.Last.Compare(y.Last), cmp.Compare(x.Name, y.Name))
		})
	}
	if in.Descending {
		slices.Reverse(all)
	}
	all, out.NextToken, err = page(all, func(s logs.Stream) string { return s.Name }, in.Limit, in.NextToken)
	for _, s := range all {
		out.LogStreams = append(out.LogStreams, streamShown{
			LogStreamName: s.Name, ARN: a.prefix + group + ":log-stream:" + s.Name, CreationTime: s.First.UnixMilli(),
			FirstEventTimestamp: s.First.UnixMilli(), LastEventTimestamp: s.Last.UnixMilli(), LastIngestionTime: s.Last.UnixMilli(),
		})
	}
	return out, err
}
