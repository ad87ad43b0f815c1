package provider

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"auth-api/infra/localaws/declared"
	"auth-api/infra/localaws/gateway"
	"auth-api/infra/localaws/lambda"
	"auth-api/infra/localaws/recorded"
	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool"
	"github.com/google/uuid"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Recorded returns the types that are recorded and not enforced.
func Recorded() []string {
	var names []string
	for _, t := range recordedTypes() {
		names = append(names, t.token())
	}
	slices.Sort(names)
	return names
}

// record is describe for a type that is recorded only.
func record[T any](k kind[T]) resourceType {
	if !strings.HasPrefix(string(k.kind), recorded.Prefix) {
		panic(k.name + " is recorded, and its kind does not say so")
	}
	verify := k.verify
	k.verify = func(p *Provider, v T) error {
		if err := recorded.Check(v); err != nil || verify == nil {
			return err
		}
		return verify(p, v)
	}
	return describe(k)
}

// recordedTypes is the table of what is recorded: what AWS gives and what must be there.
// What their values must be is in package recorded.
func recordedTypes() []resourceType {
	return slices.Concat(recordedKeysAndTopics(), recordedAlarms(), recordedFirewalls(), recordedRest())
}

func recordedKeysAndTopics() []resourceType {
	return []resourceType{
		record(kind[recorded.Key]{
			name: "aws:kms/key:Key", kind: recorded.Keys,
			create: func(*Provider, *recorded.Key) string { return uuid.NewString() },
			derive: func(p *Provider, id string, v *recorded.Key) {
				v.KeyID, v.ARN, v.TagsAll = id, p.arn("kms", "key/"+id), v.Tags
				if v.Policy == "" { // https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
					v.Policy = `{"Id":"key-default-1","Statement":[{"Action":"kms:*","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + p.aws.Account + `:root"},"Resource":"*","Sid":"Enable IAM User Permissions"}],"Version":"2012-10-17"}`
				}
				if v.EnableKeyRotation && v.RotationPeriodInDays == 0 {
					v.RotationPeriodInDays = 365
				}
			},
		}),
		record(kind[recorded.Alias]{
			name: "aws:kms/alias:Alias", kind: recorded.Aliases,
			create: func(_ *Provider, v *recorded.Alias) string { return v.Name },
			derive: func(p *Provider, id string, v *recorded.Alias) {
				v.ARN, v.TargetKeyARN = p.arn("kms", id), p.arn("kms", "key/"+keyID(v.TargetKeyID))
			},
			changed: whenMade(func(p *Provider, tx *store.Tx, after *recorded.Alias) error {
				return exists(tx, recorded.Keys, keyID(after.TargetKeyID), "key")
			}),
		}),
		record(kind[recorded.Topic]{
			name: "aws:sns/topic:Topic", kind: recorded.Topics,
			create: func(p *Provider, v *recorded.Topic) string { return p.arn("sns", v.Name) },
			derive: func(p *Provider, id string, v *recorded.Topic) {
				v.ARN, v.Owner, v.TagsAll = id, p.aws.Account, v.Tags
			},
		}),
		record(kind[recorded.TopicSubscription]{
			name: "aws:sns/topicSubscription:TopicSubscription", kind: recorded.TopicSubscriptions,
			create: func(_ *Provider, v *recorded.TopicSubscription) string { return v.Topic + ":" + uuid.NewString() },
			derive: func(p *Provider, id string, v *recorded.TopicSubscription) {
				v.ARN, v.OwnerID, v.PendingConfirmation = id, p.aws.Account, v.Protocol == "email" || v.Protocol == "email-json" || v.Protocol == "https"
			},
			changed: whenMade(func(_ *Provider, tx *store.Tx, after *recorded.TopicSubscription) error {
				return exists(tx, recorded.Topics, after.Topic, "topic")
			}),
		}),
		record(kind[recorded.TopicPolicy]{
			name: "aws:sns/topicPolicy:TopicPolicy", kind: recorded.TopicPolicies,
			create: func(_ *Provider, v *recorded.TopicPolicy) string { return v.ARN },
			derive: func(p *Provider, _ string, v *recorded.TopicPolicy) { v.Owner = p.aws.Account },
			changed: whenMade(func(_ *Provider, tx *store.Tx, after *recorded.TopicPolicy) error {
				return exists(tx, recorded.Topics, after.ARN, "topic")
			}),
		}),
	}
}

func recordedAlarms() []resourceType {
	return []resourceType{
		record(kind[recorded.MetricAlarm]{
			name: "aws:cloudwatch/metricAlarm:MetricAlarm", kind: recorded.MetricAlarms,
			create: func(_ *Provider, v *recorded.MetricAlarm) string { return v.Name },
			derive: func(p *Provider, id string, v *recorded.MetricAlarm) {
				v.ARN, v.TagsAll = p.arn("cloudwatch", "alarm:"+id), v.Tags
			},
		}),
		record(kind[recorded.CompositeAlarm]{
			name: "aws:cloudwatch/compositeAlarm:CompositeAlarm", kind: recorded.CompositeAlarms,
			create: func(_ *Provider, v *recorded.CompositeAlarm) string { return v.AlarmName },
			derive: func(p *Provider, id string, v *recorded.CompositeAlarm) {
				v.ARN, v.TagsAll = p.arn("cloudwatch", "alarm:"+id), v.Tags
			},
			changed: whenMade(func(p *Provider, tx *store.Tx, after *recorded.CompositeAlarm) error {
				for _, name := range after.Alarms() {
					name = strings.TrimPrefix(name, p.arn("cloudwatch", "alarm:"))
					if _, found, err := recorded.CompositeAlarms.Get(tx, name); err != nil || found {
						if err != nil {
							return err
						}
						continue
					}
					if err := exists(tx, recorded.MetricAlarms, name, "alarm"); err != nil {
						return fmt.Errorf("alarmRule: %w", err)
					}
				}
				return nil
			}),
		}),
		record(kind[recorded.Dashboard]{
			name: "aws:cloudwatch/dashboard:Dashboard", kind: recorded.Dashboards,
			create: func(_ *Provider, v *recorded.Dashboard) string { return v.DashboardName },
			derive: func(p *Provider, id string, v *recorded.Dashboard) {
				v.DashboardARN = "arn:aws:cloudwatch::" + p.aws.Account + ":dashboard/" + id
			},
		}),
		record(kind[recorded.LogMetricFilter]{
			name: "aws:cloudwatch/logMetricFilter:LogMetricFilter", kind: recorded.LogMetricFilters,
			create: func(_ *Provider, v *recorded.LogMetricFilter) string { return v.Name },
			changed: whenMade(func(_ *Provider, tx *store.Tx, after *recorded.LogMetricFilter) error {
				return exists(tx, lambda.LogGroups, after.LogGroupName, "log group")
			}),
		}),
	}
}

func recordedFirewalls() []resourceType {
	return []resourceType{
		record(kind[recorded.WebACL]{
			name: "aws:wafv2/webAcl:WebAcl", kind: recorded.WebACLs,
			create: func(*Provider, *recorded.WebACL) string { return uuid.NewString() },
			derive: func(p *Provider, id string, v *recorded.WebACL) {
				v.ARN, v.TagsAll = p.arn("wafv2", "regional/webacl/"+v.Name+"/"+id), v.Tags
			},
			changed: func(p *Provider, tx *store.Tx, id string, before, after *recorded.WebACL) error {
				if after == nil {
					return none(tx, recorded.WebACLAssociations, func(a recorded.WebACLAssociation) bool { return a.WebACLARN == before.ARN },
						"WAFAssociatedItemException: AWS WAF couldn't delete the web ACL, because it is associated with a resource")
				}
				if err := unique(tx, recorded.WebACLs, id, func(w recorded.WebACL) bool { return w.Name == after.Name }, after.Name); err != nil {
					return err
				}
				for _, arn := range after.IPSets() {
					if err := existsByARN(tx, recorded.IPSets, arn, "IP set"); err != nil {
						return err
					}
				}
				return nil
			},
		}),
		record(kind[recorded.IPSet]{
			name: "aws:wafv2/ipSet:IpSet", kind: recorded.IPSets,
			create: func(*Provider, *recorded.IPSet) string { return uuid.NewString() },
			derive: func(p *Provider, id string, v *recorded.IPSet) {
				v.ARN, v.TagsAll = p.arn("wafv2", "regional/ipset/"+v.Name+"/"+id), v.Tags
			},
			changed: func(_ *Provider, tx *store.Tx, id string, before, after *recorded.IPSet) error {
				if after != nil {
					return unique(tx, recorded.IPSets, id, func(s recorded.IPSet) bool { return s.Name == after.Name }, after.Name)
				}
				return none(tx, recorded.WebACLs, func(w recorded.WebACL) bool { return slices.Contains(w.IPSets(), before.ARN) },
					"WAFAssociatedItemException: AWS WAF couldn't delete the IP set, because a web ACL refers to it")
			},
		}),
		record(kind[recorded.WebACLAssociation]{
			name: "aws:wafv2/webAclAssociation:WebAclAssociation", kind: recorded.WebACLAssociations,
			create: func(_ *Provider, v *recorded.WebACLAssociation) string { return v.WebACLARN + "," + v.ResourceARN },
			changed: whenMade(func(p *Provider, tx *store.Tx, after *recorded.WebACLAssociation) error {
				if err := existsByARN(tx, recorded.WebACLs, after.WebACLARN, "web ACL"); err != nil {
					return err
				}
				// On AWS the new one takes the other's place, and once the other's association
				// is deleted, as after a replacement, the resource has none. Stop before that.
				if err := none(tx, recorded.WebACLAssociations, func(a recorded.WebACLAssociation) bool {
					return a.ResourceARN == after.ResourceARN && a.WebACLARN != after.WebACLARN
				}, "resourceArn has the web ACL of another association, with whose deletion AWS would leave it none at all; legal is one at a time, replaced with deleteBeforeReplace"); err != nil {
					return err
				}
				return p.protectable(tx, after.ResourceARN)
			}),
		}),
		record(kind[recorded.WebACLLogging]{
			name: "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration", kind: recorded.WebACLLoggings,
			create: func(_ *Provider, v *recorded.WebACLLogging) string { return v.ResourceARN },
			changed: whenMade(func(_ *Provider, tx *store.Tx, after *recorded.WebACLLogging) error {
				return existsByARN(tx, recorded.WebACLs, after.ResourceARN, "web ACL")
			}),
		}),
	}
}

func recordedRest() []resourceType {
	return []resourceType{
		record(kind[recorded.Budget]{
			name: "aws:budgets/budget:Budget", kind: recorded.Budgets,
			create: func(p *Provider, v *recorded.Budget) string { return p.aws.Account + ":" + v.Name },
			derive: func(p *Provider, _ string, v *recorded.Budget) {
				v.AccountID, v.ARN, v.TagsAll = p.aws.Account, "arn:aws:budgets::"+p.aws.Account+":budget/"+v.Name, v.Tags
			},
		}),
		record(kind[recorded.DomainName]{
			name: "aws:apigateway/domainName:DomainName", kind: recorded.DomainNames,
			verify: func(p *Provider, v recorded.DomainName) error {
				if region := strings.Split(v.RegionalCertificateARN, ":")[3]; region != p.aws.Region {
					return fmt.Errorf("regionalCertificateArn is of region %q; legal are certificates of %s, the API's own", region, p.aws.Region)
				}
				return nil
			},
			create: func(p *Provider, v *recorded.DomainName) string {
				v.RegionalDomainName = "d-" + p.random(lowerAlphanumeric, 10) + ".execute-api." + p.aws.Region + ".amazonaws.com"
				v.RegionalZoneID = "Z" + p.random(upperAlphanumeric, 13)
				return v.DomainName
			},
			derive: func(p *Provider, id string, v *recorded.DomainName) {
				if v.SecurityPolicy == "" {
					v.SecurityPolicy = "TLS_1_2"
				}
				v.ARN, v.TagsAll = "arn:aws:apigateway:"+p.aws.Region+"::/domainnames/"+id, v.Tags
			},
			changed: func(_ *Provider, tx *store.Tx, id string, _, after *recorded.DomainName) error {
				if after != nil {
					return nil
				}
				return none(tx, recorded.BasePathMappings, func(m recorded.BasePathMapping) bool { return m.DomainName == id },
					"BadRequestException: the domain name has a base path mapping, which should be deleted first")
			},
		}),
		record(kind[recorded.BasePathMapping]{
			name: "aws:apigateway/basePathMapping:BasePathMapping", kind: recorded.BasePathMappings,
			create: func(_ *Provider, v *recorded.BasePathMapping) string { return v.DomainName + "/" + v.BasePath },
			changed: whenMade(func(_ *Provider, tx *store.Tx, after *recorded.BasePathMapping) error {
				if err := exists(tx, recorded.DomainNames, after.DomainName, "domain name"); err != nil {
					return err
				}
				if after.StageName != "" {
					return exists(tx, gateway.Stages, "ags-"+after.RestAPI+"-"+after.StageName, "stage")
				}
				return exists(tx, gateway.RestAPIs, after.RestAPI, "REST API")
			}),
		}),
		record(kind[recorded.Record]{
			name: "aws:route53/record:Record", kind: recorded.Records,
			create: func(_ *Provider, v *recorded.Record) string {
				return v.ZoneID + "_" + strings.ToLower(strings.TrimSuffix(v.Name, ".")) + "_" + v.Type
			},
			derive: func(_ *Provider, _ string, v *recorded.Record) {
				v.FQDN = strings.ToLower(strings.TrimSuffix(v.Name, "."))
			},
		}),
		record(kind[recorded.RiskConfiguration]{
			name: "aws:cognito/riskConfiguration:RiskConfiguration", kind: recorded.RiskConfigurations,
			create: func(_ *Provider, v *recorded.RiskConfiguration) string {
				if v.ClientID != "" {
					return v.UserPoolID + ":" + v.ClientID
				}
				return v.UserPoolID
			},
			changed: whenMade(func(_ *Provider, tx *store.Tx, after *recorded.RiskConfiguration) error {
				if err := exists(tx, userpool.Pools, after.UserPoolID, "user pool"); err != nil || after.ClientID == "" {
					return err
				}
				return exists(tx, userpool.Clients, after.ClientID, "user pool client")
			}),
		}),
	}
}

// whenMade is for what only has to hold for what is made or changed.
func whenMade[T any](holds func(p *Provider, tx *store.Tx, after *T) error) func(*Provider, *store.Tx, string, *T, *T) error {
	return func(p *Provider, tx *store.Tx, _ string, _, after *T) error {
		if after == nil {
			return nil
		}
		return holds(p, tx, after)
	}
}

// keyID returns the id in a key's id or ARN.
func keyID(idOrARN string) string {
	if _, id, found := strings.Cut(idOrARN, ":key/"); found {
		return id
	}
	return idOrARN
}

// keyExists refuses the ARN of a key of this account and region that is not declared;
// of others nothing is known.
func (p *Provider) keyExists(tx *store.Tx, arn string) error {
	id, ours := strings.CutPrefix(arn, p.arn("kms", "key/"))
	if !ours {
		return nil
	}
	return exists(tx, recorded.Keys, id, "key")
}

// existsByARN is exists for kinds whose ARN ends with a slash and their id.
func existsByARN[T any](tx *store.Tx, k declared.Kind[T], arn, what string) error {
	_, found, err := k.Get(tx, arn[strings.LastIndexByte(arn, '/')+1:])
	if err == nil && !found {
		err = fmt.Errorf("WAFNonexistentItemException: there is no %s %q", what, arn)
	}
	return err
}

// unique refuses a second one of WAF's of this name.
func unique[T any](tx *store.Tx, k declared.Kind[T], id string, same func(T) bool, name string) error {
	entries, err := k.All(tx)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.ID != id && same(e.Value) {
			return fmt.Errorf("WAFDuplicateItemException: there is one of the name %q already; each has its own", name)
		}
	}
	return nil
}

// protectable refuses what is no stage and no user pool of this account and region that
// is declared: what else a web ACL may stand before is not served here.
func (p *Provider) protectable(tx *store.Tx, arn string) error {
	if rest, ok := strings.CutPrefix(arn, "arn:aws:apigateway:"+p.aws.Region+"::/restapis/"); ok {
		if api, stage, ok := strings.Cut(rest, "/stages/"); ok {
			return exists(tx, gateway.Stages, "ags-"+api+"-"+stage, "stage")
		}
	}
	if id, ok := strings.CutPrefix(arn, p.arn("cognito-idp", "userpool/")); ok {
		return exists(tx, userpool.Pools, id, "user pool")
	}
	return fmt.Errorf("WAFInvalidParameterException: resourceArn is %q; supported are the ARNs of stages of REST APIs and of user pools of this account and region", arn)
}

// noted remembers which stacks were told that they declare what is recorded only.
type noted struct {
	mu     sync.Mutex
	types  map[string]bool // that are recorded only
	stacks map[string]bool // told since an engine was last configured
}

// note says so once a deployment.
func (p *Provider) note(urn resource.URN) {
	p.noted.mu.Lock()
	defer p.noted.mu.Unlock()
	stack := string(urn.Project()) + "/" + string(urn.Stack())
	if p.noted.types[string(urn.Type())] && !p.noted.stacks[stack] {
		p.noted.stacks[stack] = true
		p.aws.Recorded(stack, string(urn.Type()))
	}
}

// forget is for the beginning of a deployment.
func (p *Provider) forget() {
	p.noted.mu.Lock()
	defer p.noted.mu.Unlock()
	clear(p.noted.stacks)
}
