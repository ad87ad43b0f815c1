package provider_test

import (
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// A user who joined a group after being made is as declared: the next deployment has
// nothing to do.
func TestWhoJoinedAGroupLaterIsAsDeclared(t *testing.T) {
	e, aws := start(t, t.TempDir(), 0)
	pool := e.create(userPool, "pool", map[string]any{"name": "people"})
	declared := map[string]any{"userPoolId": string(pool.id), "username": "ann", "password": "demoPASS123!", "messageAction": "SUPPRESS"}
	ann := e.create(user, "ann", declared)
	e.create(group, "admins", map[string]any{"userPoolId": string(pool.id), "name": "admins"})
	if err := aws.Clock.Advance(time.Minute); err != nil {
		t.Fatal(err)
	}
	e.create(userInGroup, "member", map[string]any{"userPoolId": string(pool.id), "groupName": "admins", "username": "ann"})
	if d := e.diff(ann, declared); d.Changes != plugin.DiffNone {
		t.Errorf("the diff says %+v", d)
	}
}
