package verify_test

import (
	"testing"
	"time"

	"auth-api/infra/localaws/awstest"
	"auth-api/infra/verify"
)

func TestTheArticlesStackHolds(t *testing.T) {
	s := awstest.Deploy(t, awstest.Article(t))
	r := attack(t, s, nil)
	holds(t, r)
	t.Logf("%d checks, %d results (%d hold, %d skipped), %d requests, %s", r.Checks, len(r.Results), r.Count(verify.Holds), r.Count(verify.Skipped), r.Requests, r.Took.Round(time.Millisecond))
}

func TestTheStackWithEverythingOnHolds(t *testing.T) {
	s := awstest.Deploy(t, everything(t))
	r := attack(t, s, nil)
	holds(t, r)
	t.Logf("%d checks, %d results (%d hold, %d skipped), %d requests, %s", r.Checks, len(r.Results), r.Count(verify.Holds), r.Count(verify.Skipped), r.Requests, r.Took.Round(time.Millisecond))
}
