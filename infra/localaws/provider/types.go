package provider

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"slices"
	"time"

	"auth-api/infra/localaws/declared"
	"auth-api/infra/localaws/gateway"
	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/identitypool"
	"auth-api/infra/localaws/lambda"
	"auth-api/infra/localaws/ssm"
	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool"
	"github.com/google/uuid"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// types is the table of what can be declared. What is not in it is refused.
func types() []resourceType {
	return slices.Concat(recordedTypes(), cognitoTypes(), []resourceType{
		describe(kind[userpool.Pool]{
			name: "aws:cognito/userPool:UserPool", kind: userpool.Pools,
			create: func(p *Provider, v *userpool.Pool) string {
				v.CreationDate = p.timestamp()
				v.LastModifiedDate = v.CreationDate
				return p.aws.Region + "_" + p.random(alphanumeric, 9)
			},
			derive: func(p *Provider, id string, v *userpool.Pool) {
				v.ARN = p.aws.UserPools.PoolARN(id)
				v.Endpoint = "cognito-idp." + p.aws.Region + ".amazonaws.com/" + id
				v.TagsAll = v.Tags
			},
			changed: func(p *Provider, tx *store.Tx, id string, before, after *userpool.Pool) error {
				if after == nil {
					if before.DeletionProtection == "ACTIVE" {
						return fmt.Errorf("InvalidParameterException: the user pool cannot be deleted because deletion protection is activated; deactivate it first")
					}
					if err := none(tx, userpool.Domains, func(d userpool.Domain) bool { return d.UserPoolID == id },
						"InvalidParameterException: User pool cannot be deleted. It has a domain configured that should be deleted first"); err != nil {
						return err
					}
					return p.aws.UserPools.PoolDeleted(tx, id)
				}
				after.LastModifiedDate = p.timestamp()
				if before != nil {
					return p.aws.UserPools.PoolChanged(tx, id, *before, *after)
				}
				return p.aws.UserPools.PoolDeclared(tx, id, *after)
			},
		}),
		describe(kind[userpool.Client]{
			name: "aws:cognito/userPoolClient:UserPoolClient", kind: userpool.Clients,
			create: func(p *Provider, v *userpool.Client) string { return p.random(lowerAlphanumeric, 26) },
			changed: func(p *Provider, tx *store.Tx, id string, before, after *userpool.Client) error {
				if after == nil {
					return p.aws.UserPools.ClientDeleted(tx, id, *before)
				}
				return p.aws.UserPools.ClientDeclared(tx, id, after)
			},
		}),
		describe(kind[userpool.Domain]{
			name: "aws:cognito/userPoolDomain:UserPoolDomain", kind: userpool.Domains,
			create: func(p *Provider, v *userpool.Domain) string { return v.Domain },
			derive: func(p *Provider, id string, v *userpool.Domain) { v.AWSAccountID = p.aws.Account },
			changed: func(p *Provider, tx *store.Tx, id string, before, after *userpool.Domain) error {
				if after == nil {
					return p.aws.UserPools.DomainDeleted(tx, id, *before)
				}
				return p.aws.UserPools.DomainDeclared(tx, id, *after)
			},
		}),
		describe(kind[userpool.DeclaredUser]{
			name: "aws:cognito/user:User", kind: userpool.DeclaredUsers,
			create: func(p *Provider, v *userpool.DeclaredUser) string { return v.UserPoolID + "/" + v.Username },
			changed: func(p *Provider, tx *store.Tx, id string, before, after *userpool.DeclaredUser) error {
				return p.aws.UserPools.UserDeclared(tx, id, before, after)
			},
			present: func(p *Provider, tx *store.Tx, v *userpool.DeclaredUser) (bool, error) {
				return p.aws.UserPools.ReadUser(tx, v)
			},
			prepare: func(p *Provider, _ resource.PropertyMap, v userpool.DeclaredUser) error {
				return p.aws.UserPools.AskForUser(v)
			},
		}),
		describe(kind[userpool.UserGroup]{
			name: "aws:cognito/userGroup:UserGroup", kind: userpool.UserGroups,
			create: func(p *Provider, v *userpool.UserGroup) string { return v.UserPoolID + "/" + v.Name },
			changed: func(p *Provider, tx *store.Tx, id string, before, after *userpool.UserGroup) error {
				if after == nil {
					return p.aws.UserPools.GroupDeleted(tx, id, *before)
				}
				return p.aws.UserPools.GroupDeclared(tx, id, *after)
			},
		}),
		describe(kind[userpool.UserInGroup]{
			name: "aws:cognito/userInGroup:UserInGroup", kind: userpool.UsersInGroup,
			create: func(p *Provider, v *userpool.UserInGroup) string {
				return v.UserPoolID + "/" + v.GroupName + "/" + v.Username
			},
			changed: func(p *Provider, tx *store.Tx, id string, before, after *userpool.UserInGroup) error {
				if after == nil {
					return p.aws.UserPools.UserInGroupDeleted(tx, id, *before)
				}
				return p.aws.UserPools.UserInGroupDeclared(tx, id, *after)
			},
			present: func(p *Provider, tx *store.Tx, v *userpool.UserInGroup) (bool, error) {
				return p.aws.UserPools.ReadUserInGroup(tx, v)
			},
		}),
		describe(kind[identitypool.Pool]{
			name: "aws:cognito/identityPool:IdentityPool", kind: identitypool.Pools,
			verify: func(p *Provider, v identitypool.Pool) error { return p.aws.IdentityPools.CheckPool(v) },
			create: func(p *Provider, v *identitypool.Pool) string { return p.aws.Region + ":" + uuid.NewString() },
			derive: func(p *Provider, id string, v *identitypool.Pool) {
				v.ARN = p.arn("cognito-identity", "identitypool/"+id)
				v.TagsAll = v.Tags
			},
			changed: func(p *Provider, tx *store.Tx, id string, before, after *identitypool.Pool) error {
				if after != nil {
					return nil
				}
				return p.aws.IdentityPools.PoolDeleted(tx, id)
			},
		}),
		describe(kind[identitypool.RoleAttachment]{
			name: "aws:cognito/identityPoolRoleAttachment:IdentityPoolRoleAttachment", kind: identitypool.RoleAttachments,
			verify: func(p *Provider, v identitypool.RoleAttachment) error {
				return p.aws.IdentityPools.CheckRoleAttachment(v)
			},
			create: func(p *Provider, v *identitypool.RoleAttachment) string { return v.IdentityPoolID },
			changed: func(p *Provider, tx *store.Tx, id string, before, after *identitypool.RoleAttachment) error {
				if after == nil {
					return nil
				}
				return exists(tx, identitypool.Pools, after.IdentityPoolID, "identity pool")
			},
		}),
		describe(kind[iam.Role]{
			name: "aws:iam/role:Role", kind: iam.Roles,
			verify: func(p *Provider, v iam.Role) error { return p.aws.IAM.CheckRole(v) },
			create: func(p *Provider, v *iam.Role) string {
				v.UniqueID = "AROA" + p.random(upperAlphanumeric, 17)
				v.CreateDate = p.timestamp()
				return v.Name
			},
			derive: func(p *Provider, id string, v *iam.Role) {
				if v.Path == "" {
					v.Path = "/"
				}
				if v.MaxSessionDuration == 0 {
					v.MaxSessionDuration = 3600
				}
				v.ARN = "arn:aws:iam::" + p.aws.Account + ":role" + v.Path + v.Name
				v.TagsAll = v.Tags
			},
			changed: func(p *Provider, tx *store.Tx, id string, before, after *iam.Role) error {
				if after == nil {
					return p.aws.IAM.RoleDeleted(tx, id, *before)
				}
				return p.aws.IAM.RoleDeclared(tx, id, *after)
			},
		}),
		describe(kind[iam.RolePolicy]{
			name: "aws:iam/rolePolicy:RolePolicy", kind: iam.RolePolicies,
			verify: func(p *Provider, v iam.RolePolicy) error { return p.aws.IAM.CheckRolePolicy(v) },
			create: func(p *Provider, v *iam.RolePolicy) string { return v.Role + ":" + v.Name },
			changed: func(p *Provider, tx *store.Tx, id string, before, after *iam.RolePolicy) error {
				if after == nil {
					return nil
				}
				return p.aws.IAM.RolePolicyDeclared(tx, *after)
			},
		}),
		describe(kind[iam.Policy]{
			name: "aws:iam/policy:Policy", kind: iam.Policies,
			verify: func(p *Provider, v iam.Policy) error { return p.aws.IAM.CheckManagedPolicy(v) },
			create: func(p *Provider, v *iam.Policy) string {
				v.PolicyID = "ANPA" + p.random(upperAlphanumeric, 17)
				return p.aws.IAM.PolicyARN(*v)
			},
			derive: func(p *Provider, id string, v *iam.Policy) {
				if v.Path == "" {
					v.Path = "/"
				}
				v.ARN = id
				v.TagsAll = v.Tags
			},
			changed: func(p *Provider, tx *store.Tx, id string, before, after *iam.Policy) error {
				if after == nil {
					return p.aws.IAM.PolicyDeleted(tx, id)
				}
				return p.aws.IAM.PolicyDeclared(tx, id, *after)
			},
		}),
		describe(kind[iam.RolePolicyAttachment]{
			name: "aws:iam/rolePolicyAttachment:RolePolicyAttachment", kind: iam.RolePolicyAttachments,
			verify: func(p *Provider, v iam.RolePolicyAttachment) error { return p.aws.IAM.CheckRolePolicyAttachment(v) },
			create: func(p *Provider, v *iam.RolePolicyAttachment) string { return v.Role + "/" + v.PolicyARN },
			changed: func(p *Provider, tx *store.Tx, id string, before, after *iam.RolePolicyAttachment) error {
				if after == nil {
					return nil
				}
				return p.aws.IAM.RolePolicyAttachmentDeclared(tx, *after)
			},
		}),
		describe(kind[lambda.Function]{
			name: "aws:lambda/function:Function", kind: lambda.Functions,
			create:    func(p *Provider, v *lambda.Function) string { return v.Name },
			derive:    func(p *Provider, id string, v *lambda.Function) { p.aws.Lambda.Derive(v) },
			unsettled: unsettledVersion,
			prepare: func(p *Provider, props resource.PropertyMap, v lambda.Function) error {
				code := plain(props["code"])
				if !code.IsArchive() {
					return fmt.Errorf("its code is not an archive")
				}
				data, err := archiveBytes(code.ArchiveValue())
				if err != nil {
					return err
				}
				return p.aws.Lambda.PutCode(v.Code.SHA256, data)
			},
			changed: func(p *Provider, tx *store.Tx, id string, before, after *lambda.Function) error {
				if after == nil {
					return p.aws.Lambda.FunctionDeleted(tx, id)
				}
				after.LastModified = p.timestamp()
				return p.aws.Lambda.FunctionChanged(tx, before, after)
			},
			present: func(p *Provider, tx *store.Tx, v *lambda.Function) (bool, error) {
				return p.aws.Lambda.HasCode(v.Code.SHA256), nil
			},
		}),
		describe(kind[lambda.Permission]{
			name: "aws:lambda/permission:Permission", kind: lambda.Permissions,
			create: func(p *Provider, v *lambda.Permission) string { return v.Resource() + "/" + v.StatementID },
			changed: func(p *Provider, tx *store.Tx, id string, before, after *lambda.Permission) error {
				if after == nil {
					return nil
				}
				return p.aws.Lambda.PermissionDeclared(tx, id, *after)
			},
		}),
		aliasType(),
		describe(kind[lambda.LogGroup]{
			name: "aws:cloudwatch/logGroup:LogGroup", kind: lambda.LogGroups,
			create: func(p *Provider, v *lambda.LogGroup) string { return v.Name },
			derive: func(p *Provider, id string, v *lambda.LogGroup) {
				if v.LogGroupClass == "" {
					v.LogGroupClass = "STANDARD"
				}
				v.ARN = p.arn("logs", "log-group:"+v.Name)
				v.TagsAll = v.Tags
			},
			changed: func(p *Provider, tx *store.Tx, id string, before, after *lambda.LogGroup) error {
				if after == nil {
					return p.aws.Lambda.LogGroupDeleted(tx, id)
				}
				if err := p.keyExists(tx, after.KMSKeyID); err != nil {
					return err
				}
				return p.aws.Lambda.LogGroupDeclared(tx, id, *after)
			},
		}),
		describe(kind[ssm.Parameter]{
			name: "aws:ssm/parameter:Parameter", kind: ssm.Parameters, sealed: "value",
			verify: func(p *Provider, v ssm.Parameter) error { return p.aws.SSM.CheckParameter(v) },
			create: func(p *Provider, v *ssm.Parameter) string { return v.Name },
			derive: func(p *Provider, id string, v *ssm.Parameter) { p.aws.SSM.Derive(v) },
			changed: func(p *Provider, tx *store.Tx, id string, before, after *ssm.Parameter) error {
				if after == nil {
					return p.aws.SSM.ParameterDeleted(tx, id)
				}
				return p.aws.SSM.ParameterDeclared(tx, before, after)
			},
			present: func(p *Provider, tx *store.Tx, v *ssm.Parameter) (bool, error) {
				return p.aws.SSM.HasValue(tx, v.Name)
			},
		}),
		describe(kind[gateway.RestAPI]{
			name: "aws:apigateway/restApi:RestApi", kind: gateway.RestAPIs,
			verify: func(p *Provider, v gateway.RestAPI) error { return gateway.CheckRestAPI(v) },
			create: func(p *Provider, v *gateway.RestAPI) string {
				v.RootResourceID = p.random(lowerAlphanumeric, 10)
				v.CreatedDate = p.timestamp()
				return p.random(lowerAlphanumeric, 10)
			},
			derive: func(p *Provider, id string, v *gateway.RestAPI) {
				if v.APIKeySource == "" {
					v.APIKeySource = "HEADER"
				}
				v.ARN = "arn:aws:apigateway:" + p.aws.Region + "::/restapis/" + id
				v.ExecutionARN = p.arn("execute-api", id)
				v.TagsAll = v.Tags
			},
			changed: func(p *Provider, tx *store.Tx, id string, before, after *gateway.RestAPI) error {
				if after != nil {
					return nil
				}
				return none(tx, gateway.UsagePlans, func(u gateway.UsagePlan) bool {
					for _, s := range u.APIStages {
						if s.APIID == id {
							return true
						}
					}
					return false
				}, "BadRequestException: Cannot delete API, because it is associated with a usage plan")
			},
		}),
		describe(kind[gateway.Deployment]{
			name: "aws:apigateway/deployment:Deployment", kind: gateway.Deployments,
			create: func(p *Provider, v *gateway.Deployment) string {
				v.CreatedDate = p.timestamp()
				return p.random(lowerAlphanumeric, 6)
			},
			changed: func(p *Provider, tx *store.Tx, id string, before, after *gateway.Deployment) error {
				switch {
				case before == nil:
					if err := exists(tx, gateway.RestAPIs, after.RestAPI, "REST API"); err != nil {
						return err
					}
					return p.aws.Gateway.DeploymentDeclared(tx, id, *after)
				case after == nil:
					return p.aws.Gateway.DeploymentDeleted(tx, id)
				}
				return nil
			},
		}),
		describe(kind[gateway.Stage]{
			name: "aws:apigateway/stage:Stage", kind: gateway.Stages,
			verify: func(_ *Provider, v gateway.Stage) error { return gateway.CheckStage(v) },
			create: func(p *Provider, v *gateway.Stage) string { return "ags-" + v.RestAPI + "-" + v.StageName },
			derive: func(p *Provider, id string, v *gateway.Stage) {
				v.ARN = "arn:aws:apigateway:" + p.aws.Region + "::/restapis/" + v.RestAPI + "/stages/" + v.StageName
				v.ExecutionARN = p.arn("execute-api", v.RestAPI+"/"+v.StageName)
				v.InvokeURL = p.aws.URL() + "/execute-api/" + v.RestAPI + "/" + v.StageName
				v.TagsAll = v.Tags
			},
			changed: func(p *Provider, tx *store.Tx, id string, before, after *gateway.Stage) error {
				if after == nil {
					return none(tx, gateway.UsagePlans, func(u gateway.UsagePlan) bool {
						for _, s := range u.APIStages {
							if s.APIID == before.RestAPI && s.Stage == before.StageName {
								return true
							}
						}
						return false
					}, "BadRequestException: Cannot delete stage, because it is associated with a usage plan")
				}
				if err := exists(tx, gateway.RestAPIs, after.RestAPI, "REST API"); err != nil {
					return err
				}
				return exists(tx, gateway.Deployments, after.Deployment, "deployment")
			},
		}),
		describe(kind[gateway.MethodSettings]{
			name: "aws:apigateway/methodSettings:MethodSettings", kind: gateway.StageMethods,
			verify: func(_ *Provider, v gateway.MethodSettings) error { return gateway.CheckMethodSettings(v) },
			create: func(p *Provider, v *gateway.MethodSettings) string {
				return v.RestAPI + "-" + v.StageName + "-" + v.MethodPath
			},
		}),
		describe(kind[gateway.UsagePlan]{
			name: "aws:apigateway/usagePlan:UsagePlan", kind: gateway.UsagePlans,
			verify: func(_ *Provider, v gateway.UsagePlan) error { return gateway.CheckUsagePlan(v) },
			create: func(p *Provider, v *gateway.UsagePlan) string { return p.random(lowerAlphanumeric, 6) },
			derive: func(p *Provider, id string, v *gateway.UsagePlan) {
				v.ARN = "arn:aws:apigateway:" + p.aws.Region + "::/usageplans/" + id
				v.TagsAll = v.Tags
			},
			changed: func(p *Provider, tx *store.Tx, id string, before, after *gateway.UsagePlan) error {
				if after == nil {
					return nil
				}
				for _, s := range after.APIStages {
					if err := exists(tx, gateway.Stages, "ags-"+s.APIID+"-"+s.Stage, "stage"); err != nil {
						return err
					}
				}
				return nil
			},
		}),
		describe(kind[gateway.APIKey]{
			name: "aws:apigateway/apiKey:ApiKey", kind: gateway.APIKeys,
			create: func(p *Provider, v *gateway.APIKey) string {
				if v.Value == "" {
					v.Value = p.random(alphanumeric, 40)
				}
				v.CreatedDate = p.timestamp()
				return p.random(lowerAlphanumeric, 10)
			},
			changed: func(p *Provider, tx *store.Tx, id string, before, after *gateway.APIKey) error {
				if after == nil {
					return nil
				}
				return gateway.CheckAPIKey(*after)
			},
			derive: func(p *Provider, id string, v *gateway.APIKey) {
				v.ARN = "arn:aws:apigateway:" + p.aws.Region + "::/apikeys/" + id
				v.TagsAll = v.Tags
			},
		}),
		describe(kind[gateway.UsagePlanKey]{
			name: "aws:apigateway/usagePlanKey:UsagePlanKey", kind: gateway.UsagePlanKeys,
			create: func(p *Provider, v *gateway.UsagePlanKey) string { return v.UsagePlanID + "/" + v.KeyID },
			changed: func(p *Provider, tx *store.Tx, id string, before, after *gateway.UsagePlanKey) error {
				if after == nil {
					return nil
				}
				if err := p.aws.Gateway.UsagePlanKeyDeclared(tx, id, *after); err != nil {
					return err
				}
				key, _, err := gateway.APIKeys.Get(tx, after.KeyID)
				after.Name, after.Value = key.Name, key.Value
				return err
			},
		}),
		describe(kind[gateway.Account]{
			name: "aws:apigateway/account:Account", kind: gateway.Accounts,
			create: func(p *Provider, v *gateway.Account) string { return "api-gateway-account" },
		}),
	})
}

// exists refuses a reference to something that is not declared.
func exists[T any](tx *store.Tx, k declared.Kind[T], id, what string) error {
	_, found, err := k.Get(tx, id)
	if err == nil && !found {
		err = fmt.Errorf("NotFoundException: there is no %s %q", what, id)
	}
	return err
}

// none refuses to delete what something else still stands on, as AWS does.
func none[T any](tx *store.Tx, k declared.Kind[T], uses func(T) bool, refusal string) error {
	entries, err := k.All(tx)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if uses(e.Value) {
			return fmt.Errorf("%s (%s)", refusal, e.ID)
		}
	}
	return nil
}

func (p *Provider) arn(service, resource string) string {
	return "arn:aws:" + service + ":" + p.aws.Region + ":" + p.aws.Account + ":" + resource
}

func (p *Provider) timestamp() string { return p.now().UTC().Format(time.RFC3339) }

const (
	lowerAlphanumeric = "abcdefghijklmnopqrstuvwxyz0123456789"
	upperAlphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	alphanumeric      = "ABCDEFGHIJKLMNOPQRSTUVWXYZ" + lowerAlphanumeric
)

// random returns n characters of the alphabet, each as likely as the others.
func (p *Provider) random(alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		index, err := rand.Int(p.rand, big.NewInt(int64(len(alphabet))))
		if err != nil { // the operating system's randomness does not fail: see crypto/rand
			panic(fmt.Sprintf("reading random bytes: %v", err))
		}
		b[i] = alphabet[index.Int64()]
	}
	return string(b)
}
