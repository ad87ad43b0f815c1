package stack

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"auth-api/infra/identity"
)

func (d *deployment) declareIdentity() error {
	s := d.settings
	if s.Identity.DemoUser != "" && s.DemoPassword == "" {
		hint := fmt.Sprintf("%s is not made, as it has no password: pulumi config set --secret demoPassword --stack %s", s.Identity.DemoUser, s.Stack)
		if err := d.ctx.Log.Info(hint, nil); err != nil {
			return err
		}
	}
	var err error
	d.identity, err = identity.New(d.ctx, "identity", identity.Args{
		Name:           s.Name(),
		Settings:       s.Identity,
		DomainPrefix:   d.where.domainPrefix(s),
		DemoPassword:   s.DemoPassword,
		Functions:      d.functions,
		Metadata:       d.metadata,
		ReplaceSchemas: d.replaceSchemas,
		Account:        d.where.account,
		Tags:           d.tags,
	})
	return err
}

// readMetadata reads the metadata files of SAML providers.
func (d *deployment) readMetadata() error {
	d.metadata = map[string]string{}
	for name, p := range d.settings.Identity.Providers {
		if p.MetadataFile == "" {
			continue
		}
		data, err := os.ReadFile(filepath.Join(d.root, p.MetadataFile))
		if err != nil {
			return fmt.Errorf("reading identity.providers.%s.metadataFile: %w", name, err)
		}
		d.metadata[name] = string(data)
	}
	return nil
}

// The outputs by which a run knows the user pool of the run before it.
const (
	outputPool      = "userPoolId"
	outputFixed     = "userPoolFixed"
	outputProtected = "userPoolProtected"
	outputTokens    = "userPoolTokenTrigger" // the function that changes tokens, where there is one
)

// keepUsers refuses to go on where the settings ask for another user pool than the one
// that is there, and so for the loss of its users, unless they name that pool.
//
// A stack that was brought up before it told these outputs has nothing to compare: there
// Pulumi's own protection of the pool stands, and AWS's, unless
// identity.deletionProtection is off.
func (d *deployment) keepUsers() error {
	s := d.settings
	pool, _ := d.previous[outputPool].(string)
	output, told := d.previous[outputFixed]
	if pool == "" || !told {
		return d.checkTriggers()
	}
	before, err := identity.ReadFixed(output)
	if err != nil {
		return err
	}
	changes, schemas := before.Changes(identity.FixedOf(s.Name(), s.Identity))
	if region, _, _ := strings.Cut(pool, "_"); region != d.where.account.Region {
		changes = append(changes, fmt.Sprintf("the region was %s and would be %s", region, d.where.account.Region))
	}
	if len(changes) == 0 {
		return d.checkTriggers()
	}
	key := func(name string) string { return s.Project + ":identity." + name }
	file := "Pulumi." + s.Stack + ".yaml"
	what := strings.Join(changes, "; ")
	if s.Identity.ReplaceUserPool != pool {
		return fmt.Errorf("%s: the user pool %s would be replaced, and all its users lost: %s. These are fixed when a user pool is made. Nothing was done. Undo the change; or, if the users may be lost, set %s: %s",
			file, pool, what, key("replaceUserPool"), pool)
	}
	if protected, _ := d.previous[outputProtected].(bool); protected {
		return fmt.Errorf("%s: the user pool %s is to be replaced (%s), and is protected. Nothing was done. Bring the stack up with %s: false and without the change first, and then with it",
			file, pool, what, key("deletionProtection"))
	}
	warning := fmt.Sprintf("%s: the user pool %s is replaced, and its users are lost, as %s says: %s", file, pool, key("replaceUserPool"), what)
	d.replaceSchemas = schemas
	return d.ctx.Log.Warn(warning, nil)
}

// checkTriggers refuses to take away the trigger preTokenGeneration and leave another:
// AWS's provider 5.100 keeps it then, as it takes what is not said of it for unchanged, and
// nobody could sign in once its function is gone. Without any trigger it is taken away.
func (d *deployment) checkTriggers() error {
	s := d.settings
	before, _ := d.previous[outputTokens].(string)
	if before == "" || s.Identity.Triggers.PreTokenGeneration != "" || len(s.Identity.Triggers.Functions()) == 0 {
		return nil
	}
	return fmt.Errorf("%s: %s:identity.triggers.preTokenGeneration was %s and is gone, and AWS's provider would keep it as long as the user pool has another trigger. Nothing was done. Bring the stack up without any of identity.triggers first, and then with those that stay",
		"Pulumi."+s.Stack+".yaml", s.Project, before)
}

// identityOutputs adds what the stack tells of its user pool.
func (d *deployment) identityOutputs(all pulumi.Map) {
	s := d.settings
	fixed := identity.FixedOf(s.Name(), s.Identity)
	attributes := pulumi.Map{}
	for name, a := range fixed.Attributes {
		attributes[name] = pulumi.Map{
			"type": pulumi.String(a.Type), "required": pulumi.Bool(a.Required), "mutable": pulumi.Bool(a.Mutable),
			"min": pulumi.Int(a.Min), "max": pulumi.Int(a.Max),
		}
	}
	all[outputFixed] = pulumi.Map{
		"name": pulumi.String(fixed.Name), "aliasAttributes": pulumi.ToStringArray(fixed.AliasAttributes),
		"caseSensitive": pulumi.Bool(fixed.CaseSensitive), "attributes": attributes,
	}
	all[outputProtected] = pulumi.Bool(s.Identity.DeletionProtection)
	all["callbackUrls"], all["signOutUrls"] = d.identity.CallbackURLs, d.identity.SignOutURLs

	if function := s.Identity.Triggers.PreTokenGeneration; function != "" {
		all[outputTokens] = pulumi.String(function)
	}
	if len(s.Identity.Providers) > 0 {
		// What a provider sends people back to, and a SAML one knows the user pool by.
		all["identityProviderUrl"] = pulumi.Sprintf("%v/oauth2/idpresponse", all["hostedUiUrl"])
		all["samlUrl"] = pulumi.Sprintf("%v/saml2/idpresponse", all["hostedUiUrl"])
		all["samlEntityId"] = pulumi.Sprintf("urn:amazon:cognito:sp:%s", d.identity.UserPoolID)
	}
	if len(d.identity.MachineClients) > 0 {
		clients := pulumi.Map{}
		for name, client := range d.identity.MachineClients {
			clients[name] = pulumi.Map{"clientId": client.ID, "clientSecret": client.Secret}
		}
		all["machineClients"] = pulumi.ToSecret(clients)
	}
}
