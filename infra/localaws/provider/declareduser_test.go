package provider_test

import (
	"strings"
	"testing"

	"auth-api/infra/localaws"
	"auth-api/infra/localaws/userpool"
)

const (
	user        = "aws:cognito/user:User"
	group       = "aws:cognito/userGroup:UserGroup"
	userInGroup = "aws:cognito/userInGroup:UserInGroup"
)

// A declared user whom an administrator deletes over the API is made again by the next
// deployment, refreshed or not, with the memberships that are declared.
func TestADeclaredUserThatIsDeletedOverTheAPI(t *testing.T) {
	for _, refreshed := range []bool{false, true} {
		e, aws := start(t, t.TempDir(), 0)
		pool := e.create(userPool, "pool", map[string]any{"name": "people"})
		declared := map[string]any{"userPoolId": string(pool.id), "username": "ann", "password": "demoPASS123!", "messageAction": "SUPPRESS"}
		ann := e.create(user, "ann", declared)
		e.create(group, "admins", map[string]any{"userPoolId": string(pool.id), "name": "admins"})
		membership := map[string]any{"userPoolId": string(pool.id), "groupName": "admins", "username": "ann"}
		member := e.create(userInGroup, "member", membership)
		if d := e.diff(ann, declared); len(d.ReplaceKeys) > 0 || !e.stands(member) {
			t.Fatalf("nothing has changed, and the diff says %+v", d)
		}
		admin := administrator(t, aws, string(pool.id))
		if err := admin.Delete("ann"); err != nil {
			t.Fatal(err)
		}
		if e.stands(ann) || e.stands(member) {
			t.Error("what is gone still stands")
		}
		for _, r := range []struct {
			one    one
			inputs map[string]any
		}{{ann, declared}, {member, membership}} {
			if d := e.diff(r.one, r.inputs); len(d.ReplaceKeys) == 0 || !d.DeleteBeforeReplace {
				t.Errorf("the diff of %s says %+v; it is to be deleted and made again", r.one.id, d)
			}
			if !refreshed { // then the engine has forgotten it
				if err := e.delete(r.one); err != nil {
					t.Fatal(err)
				}
			}
			again := e.create(string(r.one.urn.Type()), r.one.urn.Name(), r.inputs)
			if again.id != r.one.id || !e.stands(again) {
				t.Errorf("made again as %s, which stands: %v", again.id, e.stands(again))
			}
		}
		groups, _, err := admin.GroupsOf("ann", userpool.Page{})
		if err != nil || len(groups) != 1 {
			t.Errorf("ann is in %v (%v)", groups, err)
		}
		// One who is there is not made twice.
		if _, err := e.try(user, "another", declared); err == nil || !strings.Contains(err.Error(), "exists already") {
			t.Errorf("the same user, declared twice: %v", err)
		}
		// A stack that is taken down does not mind that its user is gone.
		if err := admin.Delete("ann"); err != nil {
			t.Fatal(err)
		}
		for _, r := range []one{member, ann, pool} {
			if err := e.delete(r); err != nil {
				t.Error(err)
			}
		}
	}
}

func administrator(t *testing.T, aws *localaws.Server, pool string) userpool.Admin {
	t.Helper()
	admin, err := aws.UserPools.Admin(t.Context(), pool, userpool.Extra{})
	if err != nil {
		t.Fatal(err)
	}
	return admin
}

func TestLambdaConfigIsKnownAsFarAsItGoes(t *testing.T) {
	e, _ := start(t, t.TempDir(), 0)
	const arn = "arn:aws:lambda:us-west-2:000000000000:function:f"
	if _, says := e.check(userPool, "pool", nil, props(map[string]any{"lambdaConfig": map[string]any{"customMessage": arn}})); !strings.Contains(says, "lambdaConfig.customMessage: the local AWS does not know this property; it knows postAuthentication, postConfirmation, preAuthentication, preSignUp, preTokenGeneration, preTokenGenerationConfig") {
		t.Error(says)
	}
	e.create(userPool, "pool", map[string]any{"lambdaConfig": map[string]any{"preSignUp": arn, "preTokenGenerationConfig": map[string]any{"lambdaArn": arn, "lambdaVersion": "V2_0"}}})
}
