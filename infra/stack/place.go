package stack

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"auth-api/infra/iamdoc"
	"auth-api/infra/settings"
)

// LocalAccount is the account that the local AWS answers for; AWS has none with this
// number.
const LocalAccount = "000000000000"

// place is where the provider brings things up.
type place struct {
	account  iamdoc.Account
	endpoint string // host and port of the local AWS
}

// checkAttached looks whether the engine is attached to the local AWS exactly when the
// stack is for it. It asks no provider: one that is not meant must not be started.
func checkAttached(s *settings.Settings, debugProviders string) error {
	attached := false
	for _, provider := range strings.Split(debugProviders, ",") {
		name, _, _ := strings.Cut(strings.TrimSpace(provider), ":")
		attached = attached || name == "aws"
	}
	switch {
	case s.Target == settings.Local && !attached:
		return fmt.Errorf("stack %s is for the local AWS (%s:target is local), and the engine is not attached to it: nothing was done; run `make up STACK=%s`",
			s.Stack, s.Project, s.Stack)
	case s.Target == settings.AWS && attached:
		return fmt.Errorf("stack %s is for AWS (%s:target is aws), and PULUMI_DEBUG_PROVIDERS attaches the engine to a local AWS: nothing was done; run `make up STACK=%s` without it",
			s.Stack, s.Project, s.Stack)
	}
	return nil
}

// findPlace asks the provider where it is, and refuses one that is not what the stack
// is for, unless the program is only looked at.
func findPlace(ctx *pulumi.Context, s *settings.Settings, inspected bool) (place, error) {
	caller, err := aws.GetCallerIdentity(ctx, nil)
	if err != nil {
		return place{}, fmt.Errorf("asking the provider for its account: %w", err)
	}
	switch local := caller.AccountId == LocalAccount; {
	case inspected:
	case s.Target == settings.Local && !local:
		return place{}, fmt.Errorf("stack %s is for the local AWS (%s:target is local), and the provider answers for account %s: nothing was done; run `make up STACK=%s`",
			s.Stack, s.Project, caller.AccountId, s.Stack)
	case s.Target == settings.AWS && local:
		return place{}, fmt.Errorf("stack %s is for AWS (%s:target is aws), and the provider answers for account %s, which is the local AWS: nothing was done; run `make up STACK=%s` with credentials of AWS",
			s.Stack, s.Project, caller.AccountId, s.Stack)
	}
	if !inspected {
		if err := checkWorkflow(s, caller.Arn); err != nil {
			return place{}, err
		}
	}
	region, err := aws.GetRegion(ctx, nil)
	if err != nil {
		return place{}, fmt.Errorf("asking the provider for its region: %w", err)
	}
	partition, err := aws.GetPartition(ctx, nil)
	if err != nil {
		return place{}, fmt.Errorf("asking the provider for its partition: %w", err)
	}
	return place{
		account:  iamdoc.Account{Partition: partition.Partition, Region: region.Name, ID: caller.AccountId},
		endpoint: region.Endpoint,
	}, nil
}

// domainPrefix is the hosted sign-in's: the one that is set, or one that no other stack
// has, since a prefix stands for one user pool among all accounts of a region.
func (w place) domainPrefix(s *settings.Settings) string {
	if s.Identity.DomainPrefix != "" {
		return s.Identity.DomainPrefix
	}
	readable := regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(s.Project+"-"+s.Stack), "-")
	readable = strings.Trim(readable[:min(len(readable), 40)], "-")
	for _, word := range settings.ReservedDomainWords {
		if readable == "" || strings.Contains(readable, word) {
			readable = "auth"
		}
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{s.Project, s.Stack, w.account.ID, w.account.Region}, "\x00")))
	return readable + "-" + hex.EncodeToString(sum[:5])
}
