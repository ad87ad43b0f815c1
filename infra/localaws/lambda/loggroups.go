package lambda

import (
	"maps"
	"slices"

	"auth-api/infra/localaws/lambda/logs"
)

// LogGroups returns the log groups, in the order of their names: those that are
// declared, and those that functions made by writing to them.
func (s *Service) LogGroups() ([]logs.Group, error) {
	v, err := s.view()
	if err != nil {
		return nil, err
	}
	sizes := s.logs.Groups()
	for name := range v.retention {
		sizes[name] += 0
	}
	groups := make([]logs.Group, 0, len(sizes))
	for _, name := range slices.Sorted(maps.Keys(sizes)) {
		groups = append(groups, logs.Group{Name: name, RetentionInDays: v.retention[name], Bytes: sizes[name]})
	}
	return groups, nil
}

// LogStreams returns the streams of a log group, in the order of their names. A stream
// whose events are all gone, being too many or too old, is gone too.
func (s *Service) LogStreams(group string) ([]logs.Stream, error) {
	events, err := s.Logs(group, logs.Filter{})
	if err != nil {
		return nil, err
	}
	streams := map[string]logs.Stream{}
	for _, e := range events {
		stream, known := streams[e.Stream]
		if !known {
			stream = logs.Stream{Name: e.Stream, First: e.Time}
		}
		stream.Last = e.Time
		streams[e.Stream] = stream
	}
	list := make([]logs.Stream, 0, len(streams))
	for _, name := range slices.Sorted(maps.Keys(streams)) {
		list = append(list, streams[name])
	}
	return list, nil
}
