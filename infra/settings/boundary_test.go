package settings_test

import "testing"

func TestTheBoundaryIsAPolicysName(t *testing.T) {
	s, err := parse(t, open+"\npermissionsBoundary: auth-api-ci-boundary")
	if err != nil || s.Boundary != "auth-api-ci-boundary" {
		t.Errorf("%+v %v", s, err)
	}
	_, err = parse(t, open+"\npermissionsBoundary: arn:aws:iam::111122223333:policy/x")
	if found := faults(err); len(found) != 1 || found[0] != `auth-api:permissionsBoundary is "arn:aws:iam::111122223333:policy/x": legal are up to 128 letters, digits and _+=,.@-` {
		t.Errorf("an ARN: %q", found)
	}
}
