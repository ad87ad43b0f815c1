package stack

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// verifyOutputs adds what make verify must know to tell whether the stack holds: what it
// was meant to allow, and no more. None of it is a secret.
func (d *deployment) verifyOutputs(all pulumi.Map) {
	s := d.settings
	all["usagePlan"] = pulumi.Map{
		"rateLimit": pulumi.Float64(s.UsagePlan.RateLimit), "burstLimit": pulumi.Int(s.UsagePlan.BurstLimit),
		"quotaLimit": pulumi.Int(s.UsagePlan.QuotaLimit), "quotaPeriod": pulumi.String(s.UsagePlan.QuotaPeriod),
	}
	if s.CORS != nil {
		all["corsOrigins"] = pulumi.ToStringArray(s.CORS.Origins)
	}
	if len(s.Identity.PrincipalTags) > 0 {
		all["principalTags"] = pulumi.ToStringMap(s.Identity.PrincipalTags)
	}
	if s.Domain.Name != "" {
		all["defaultEndpoint"] = pulumi.Bool(s.Domain.DefaultEndpoint)
	}
}
