package api

import (
	"time"

	"auth-api/infra/localaws/userpool"
)

// describeUserPool: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DescribeUserPool.html
func (c *call) describeUserPool(a userpool.Admin) (any, error) {
	d, err := a.Describe()
	if err != nil {
		return nil, err
	}
	type object = map[string]any
	w := d.Password
	password := object{
		"MinimumLength": w.MinimumLength, "RequireLowercase": w.RequireLowercase, "RequireUppercase": w.RequireUppercase,
		"RequireNumbers": w.RequireNumbers, "RequireSymbols": w.RequireSymbols, "TemporaryPasswordValidityDays": w.TemporaryPasswordValidityDays,
	}
	if w.PasswordHistorySize > 0 {
		password["PasswordHistorySize"] = w.PasswordHistorySize
	}
	schema := []object{}
	for _, s := range d.Schema {
		o := object{
			"Name": s.Name, "AttributeDataType": s.AttributeDataType, "Required": s.Required, "Mutable": s.Mutable,
			"DeveloperOnlyAttribute": s.DeveloperOnlyAttribute,
		}
		if l := s.StringAttributeConstraints; l != nil {
			limits := object{}
			put(limits, "MinLength", l.MinLength, l.MinLength != "")
			put(limits, "MaxLength", l.MaxLength, l.MaxLength != "")
			o["StringAttributeConstraints"] = limits
		}
		if l := s.NumberAttributeConstraints; l != nil {
			limits := object{}
			put(limits, "MinValue", l.MinValue, l.MinValue != "")
			put(limits, "MaxValue", l.MaxValue, l.MaxValue != "")
			o["NumberAttributeConstraints"] = limits
		}
		schema = append(schema, o)
	}
	pool := object{
		"Id": a.PoolID(), "Name": d.Name, "Arn": c.pools.PoolARN(a.PoolID()), "Policies": object{"PasswordPolicy": password},
		"SchemaAttributes": schema, "EstimatedNumberOfUsers": d.Users, "MfaConfiguration": d.MFAConfiguration,
		"DeletionProtection": d.DeletionProtection, "UserPoolTier": d.Tier, "LambdaConfig": lambdaConfig(d.LambdaConfig),
		"AdminCreateUserConfig": object{"AllowAdminCreateUserOnly": d.AdminCreateUserConfig != nil && d.AdminCreateUserConfig.AllowAdminCreateUserOnly},
	}
	put(pool, "CreationDate", epoch(d.Created), !d.Created.IsZero())
	put(pool, "LastModifiedDate", epoch(d.Modified), !d.Modified.IsZero())
	put(pool, "Domain", d.Domain, d.Domain != "")
	put(pool, "AliasAttributes", d.AliasAttributes, len(d.AliasAttributes) > 0)
	put(pool, "UsernameAttributes", d.UsernameAttributes, len(d.UsernameAttributes) > 0)
	put(pool, "AutoVerifiedAttributes", d.AutoVerifiedAttributes, len(d.AutoVerifiedAttributes) > 0)
	put(pool, "UserPoolTags", d.Tags, len(d.Tags) > 0)
	if s := d.UserPoolAddOns; s != nil {
		pool["UserPoolAddOns"] = object{"AdvancedSecurityMode": s.AdvancedSecurityMode}
	}
	if e := d.EmailConfiguration; e != nil {
		mail := object{}
		for name, value := range map[string]string{
			"ConfigurationSet": e.ConfigurationSet, "EmailSendingAccount": e.EmailSendingAccount, "From": e.FromEmailAddress,
			"ReplyToEmailAddress": e.ReplyToEmailAddress, "SourceArn": e.SourceARN,
		} {
			put(mail, name, value, value != "")
		}
		pool["EmailConfiguration"] = mail
	}
	if u := d.UsernameConfiguration; u != nil {
		pool["UsernameConfiguration"] = object{"CaseSensitive": u.CaseSensitive}
	}
	if u := d.UserAttributeUpdateSettings; u != nil {
		pool["UserAttributeUpdateSettings"] = object{"AttributesRequireVerificationBeforeUpdate": u.AttributesRequireVerificationBeforeUpdates}
	}
	if t := d.VerificationMessageTemplate; t != nil {
		pool["VerificationMessageTemplate"] = object{"DefaultEmailOption": t.DefaultEmailOption}
	}
	if r := d.AccountRecoverySetting; r != nil {
		mechanisms := []object{}
		for _, m := range r.RecoveryMechanisms {
			mechanisms = append(mechanisms, object{"Name": m.Name, "Priority": m.Priority})
		}
		pool["AccountRecoverySetting"] = object{"RecoveryMechanisms": mechanisms}
	}
	return c.allow("", "read", object{"UserPool": pool})
}

func put(into map[string]any, name string, value any, when bool) {
	if when {
		into[name] = value
	}
}

func lambdaConfig(l *userpool.LambdaConfig) map[string]any {
	out := map[string]any{}
	if l == nil {
		return out
	}
	put(out, "PreSignUp", l.PreSignUp, l.PreSignUp != "")
	put(out, "PostConfirmation", l.PostConfirmation, l.PostConfirmation != "")
	put(out, "PreAuthentication", l.PreAuthentication, l.PreAuthentication != "")
	put(out, "PostAuthentication", l.PostAuthentication, l.PostAuthentication != "")
	arn, version := l.PreTokenGeneration, "V1_0"
	if g := l.PreTokenGenerationConfig; g != nil {
		arn, version = g.LambdaARN, g.LambdaVersion
	}
	if arn != "" {
		out["PreTokenGeneration"] = arn
		out["PreTokenGenerationConfig"] = map[string]any{"LambdaArn": arn, "LambdaVersion": version}
	}
	return out
}

// describeUserPoolClient: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DescribeUserPoolClient.html
func (c *call) describeUserPoolClient(a userpool.Admin) (any, error) {
	if err := c.of(a); err != nil {
		return nil, err
	}
	d := c.app.Client()
	if d.RefreshTokenValidity == 0 {
		d.RefreshTokenValidity = 30 // days, Cognito's default
	}
	minutes := int(c.app.AuthSessionValidity() / time.Minute)
	client := map[string]any{
		"ClientId": c.app.ClientID(), "ClientName": d.Name, "UserPoolId": d.UserPoolID, "AuthSessionValidity": minutes,
		"AllowedOAuthFlowsUserPoolClient": d.AllowedOAuthFlowsUserPoolClient, "EnableTokenRevocation": d.EnableTokenRevocation,
		"EnablePropagateAdditionalUserContextData": d.EnablePropagateAdditionalData, "RefreshTokenValidity": d.RefreshTokenValidity,
	}
	for name, list := range map[string][]string{
		"AllowedOAuthFlows": d.AllowedOAuthFlows, "AllowedOAuthScopes": d.AllowedOAuthScopes, "CallbackURLs": d.CallbackURLs,
		"LogoutURLs": d.LogoutURLs, "SupportedIdentityProviders": d.SupportedIdentityProviders, "ExplicitAuthFlows": d.ExplicitAuthFlows,
		"ReadAttributes": d.ReadAttributes, "WriteAttributes": d.WriteAttributes,
	} {
		put(client, name, list, len(list) > 0)
	}
	put(client, "ClientSecret", d.ClientSecret, d.ClientSecret != "")
	put(client, "DefaultRedirectURI", d.DefaultRedirectURI, d.DefaultRedirectURI != "")
	put(client, "PreventUserExistenceErrors", d.PreventUserExistenceErrors, d.PreventUserExistenceErrors != "")
	put(client, "AccessTokenValidity", d.AccessTokenValidity, d.AccessTokenValidity > 0)
	put(client, "IdTokenValidity", d.IDTokenValidity, d.IDTokenValidity > 0)
	if u := d.TokenValidityUnits; u != nil {
		units := map[string]any{}
		put(units, "AccessToken", u.AccessToken, u.AccessToken != "")
		put(units, "IdToken", u.IDToken, u.IDToken != "")
		put(units, "RefreshToken", u.RefreshToken, u.RefreshToken != "")
		client["TokenValidityUnits"] = units
	}
	if r := d.RefreshTokenRotation; r != nil {
		client["RefreshTokenRotation"] = map[string]any{"Feature": r.Feature, "RetryGracePeriodSeconds": r.RetryGracePeriodSeconds}
	}
	return c.allow("", "read", map[string]any{"UserPoolClient": client})
}
