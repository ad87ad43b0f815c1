package awstest_test

import (
	"crypto/rand"
	"encoding/binary"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"auth-api/infra/client"
	"auth-api/infra/localaws"
	"auth-api/infra/localaws/awstest"
	"auth-api/infra/localaws/lambda/logs"
)

// tenths draws a number for each choice between two versions: 0.05, 0.15, …, 0.95, and so
// on around. Whatever else asks for random bytes gets them.
type tenths struct{ drawn atomic.Uint64 }

func (d *tenths) Read(b []byte) (int, error) {
	if len(b) != 8 {
		return rand.Read(b)
	}
	binary.BigEndian.PutUint64(b, ((d.drawn.Add(1)-1)%10*2+1)*(1<<63/10))
	return len(b), nil
}

// A change of require-auth comes to its callers by a share of the calls, is promoted, and
// is rolled back, each by one setting; a second deployment of each changes nothing.
func TestACanary(t *testing.T) {
	settings := awstest.Article(t)
	settings["usagePlan"] = map[string]any{"rateLimit": 1e6, "burstLimit": 1_000_000} // however fast the calls come
	asks := map[string]any{"require-auth": map[string]any{"grants": []any{map[string]any{"invoke": "guest-list"}}}}
	mute := map[string]any{"require-auth": map[string]any{"environment": map[string]any{"VERSION": "mute"}}} // no guest list in its answers
	say := func(functions map[string]any, canary map[string]any) {
		settings["functions"], settings["canary"] = functions, map[string]any{"functions": []any{"require-auth"}}
		for key, value := range canary {
			settings["canary"].(map[string]any)[key] = value
		}
	}
	say(asks, nil)
	s := awstest.Deploy(t, settings, awstest.WithConfig(func(c *localaws.Config) {
		tune := c.Tune
		c.Tune = func(rooms *localaws.Rooms) {
			tune(rooms)
			rooms.Lambda.Rand = &tenths{}
		}
	}))
	user := s.As("demouser")
	rollback := map[string]any{"percent": 10, "rollback": []any{"require-auth"}}

	for _, step := range []struct {
		name      string
		functions map[string]any
		canary    map[string]any
		changed   []string
		versions  client.Versions
		asking    int // of twenty answers
	}{
		{"as it was", asks, nil, nil, client.Versions{Live: "1", Next: "1"}, 20},
		{"a percentage of nothing new", asks, map[string]any{"percent": 10}, nil, client.Versions{Live: "1", Next: "1"}, 20},
		{"a tenth for the new one", mute, map[string]any{"percent": 10}, []string{"Alias require-auth-live", "Function require-auth"}, client.Versions{Live: "1", Next: "2"}, 18},
		{"half of them", mute, map[string]any{"percent": 50}, []string{"Alias require-auth-live"}, client.Versions{Live: "1", Next: "2"}, 10},
		{"rolled back", mute, rollback, []string{"Alias require-auth-live"}, client.Versions{Live: "1", Next: "2"}, 20},
		{"tried again", mute, map[string]any{"percent": 10}, []string{"Alias require-auth-live"}, client.Versions{Live: "1", Next: "2"}, 18},
		{"promoted", mute, nil, []string{"Alias require-auth-live"}, client.Versions{Live: "2", Next: "2", Previous: "1"}, 0},
		{"rolled back after that", mute, rollback, []string{"Alias require-auth-live"}, client.Versions{Live: "1", Next: "2", Previous: "2"}, 20},
		{"mended, and all at once", asks, nil, []string{"Alias require-auth-live", "Function require-auth"}, client.Versions{Live: "3", Next: "3", Previous: "1"}, 20},
	} {
		say(step.functions, step.canary)
		if changed := s.Redeploy(settings); !slices.Equal(changed, step.changed) {
			t.Errorf("%s: changed were %v, want %v", step.name, changed, step.changed)
		}
		for range 2 {
			if got := s.Outputs.FunctionVersions["require-auth"]; got != step.versions {
				t.Errorf("%s: the versions are %+v, want %+v", step.name, got, step.versions)
			}
			if changed := s.Redeploy(settings); len(changed) > 0 {
				t.Errorf("%s, for the second time: changed were %v", step.name, changed)
			}
		}
		asking := 0
		for range 20 {
			answer := user.Get("/require-auth")
			is(t, step.name, answer, 200, "", "velvet rope")
			if strings.Contains(answer.Body, "guestList") {
				asking++
			}
		}
		if asking != step.asking {
			t.Errorf("%s: %d of 20 answers were the old version's, want %d", step.name, asking, step.asking)
		}
	}
}

// logOf is what a function has logged.
func logOf(t *testing.T, s *awstest.Stack, function string) string {
	t.Helper()
	events, err := s.AWS.Lambda.Logs("/aws/lambda/auth-api-local-"+function, logs.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, e := range events {
		all.WriteString(e.Message + "\n")
	}
	return all.String()
}
