package stack_test

import "strings"

// change is one setting of identity, before and after, as the mapping's fields.
type change struct {
	setting       string
	before, after string
	pool          string // what becomes of the user pool
}

const (
	untouched = "as it is"
	inPlace   = "updated in place"
	refused   = "refused; replaced when `identity.replaceUserPool` names it"
)

const (
	server   = "resourceServers: {orders: {scopes: {read: Reads orders}}}, "
	provided = "type: OIDC, clientId: a, issuer: 'https://id.example.com'"
)

// changes has each setting of identity at least once.
var changes = []change{
	{"userPoolName", "", "userPoolName: people", refused},
	{"replaceUserPool", "", "replaceUserPool: us-west-2_abcdefghi", untouched},
	{"aliasAttributes", "", "aliasAttributes: [email]", refused},
	{"aliasAttributes", "aliasAttributes: [email, preferred_username]", "aliasAttributes: [preferred_username, email]", untouched},
	{"attributes", "", "attributes: {team: {}}", inPlace},
	{"attributes", "attributes: {team: {}}", "", refused},
	{"attributes.NAME.type", "attributes: {team: {}}", "attributes: {team: {type: Boolean}}", refused},
	{"attributes.NAME.mutable", "attributes: {team: {}}", "attributes: {team: {mutable: false}}", refused},
	{"attributes.NAME.writable", "attributes: {team: {}}", "attributes: {team: {writable: true}}", untouched},
	{"attributes.NAME.min", "attributes: {team: {}}", "attributes: {team: {min: 1}}", refused},
	{"attributes.NAME.max", "attributes: {team: {}}", "attributes: {team: {max: 9}}", refused},
	{"selfSignUp", "", "selfSignUp: false", inPlace},
	{"guests", "", "guests: true", untouched},
	{"callbackUrls", "", "callbackUrls: ['http://localhost:3000/', 'https://a.example/']", untouched},
	{"signOutUrls", "", "signOutUrls: ['http://localhost:3000/', 'https://a.example/']", untouched},
	{"domainPrefix", "", "domainPrefix: shop", untouched},
	{"userPasswordAuth", "", "userPasswordAuth: true", untouched},
	{"demoUser", "demoUser: ann", "demoUser: bob", untouched},
	{"deletionProtection", "", "deletionProtection: false", inPlace},
	{"passwordPolicy.minimumLength", "", "passwordPolicy: {minimumLength: 12}", inPlace},
	{"passwordPolicy.requireLowercase", "", "passwordPolicy: {requireLowercase: false}", inPlace},
	{"passwordPolicy.requireUppercase", "", "passwordPolicy: {requireUppercase: false}", inPlace},
	{"passwordPolicy.requireNumbers", "", "passwordPolicy: {requireNumbers: false}", inPlace},
	{"passwordPolicy.requireSymbols", "", "passwordPolicy: {requireSymbols: false}", inPlace},
	{"passwordPolicy.temporaryPasswordValidityDays", "", "passwordPolicy: {temporaryPasswordValidityDays: 1}", inPlace},
	{"passwordPolicy.historySize", "tier: ESSENTIALS", "tier: ESSENTIALS, passwordPolicy: {historySize: 5}", inPlace},
	{"groups", "", "groups: {admins: {}}", untouched},
	{"groups", "groups: {admins: {}}", "", untouched},
	{"groups.NAME.description", "groups: {admins: {}}", "groups: {admins: {description: They look after it}}", untouched},
	{"groups.NAME.precedence", "groups: {admins: {}}", "groups: {admins: {precedence: 1}}", untouched},
	{"ambiguousRole", "groups: {admins: {}}", "groups: {admins: {}}, ambiguousRole: deny", untouched},
	{"demoGroups", "demoUser: ann, groups: {admins: {}}", "demoUser: ann, groups: {admins: {}}, demoGroups: [admins]", untouched},
	{"resourceServers", "", strings.TrimSuffix(server, ", "), untouched},
	{"resourceServers.IDENTIFIER.name", strings.TrimSuffix(server, ", "), "resourceServers: {orders: {name: Orders, scopes: {read: Reads orders}}}", untouched},
	{"resourceServers.IDENTIFIER.scopes", strings.TrimSuffix(server, ", "), "resourceServers: {orders: {scopes: {read: Reads orders, write: Changes orders}}}", untouched},
	{"webScopes", server, server + "webScopes: [orders/read]", untouched},
	{"machineClients", server, server + "machineClients: {batch: {scopes: [orders/read]}}", untouched},
	{"machineClients.NAME.scopes", "resourceServers: {orders: {scopes: {read: Reads, write: Writes}}}, machineClients: {batch: {scopes: [orders/read]}}",
		"resourceServers: {orders: {scopes: {read: Reads, write: Writes}}}, machineClients: {batch: {scopes: [orders/write]}}", untouched},
	{"providers", "", "providers: {Saml: {type: SAML, metadataUrl: 'https://a.example/'}}", untouched},
	{"providers.NAME.type", "providers: {Shop: {" + provided + "}}", "providers: {Shop: {type: SAML, metadataUrl: 'https://a.example/'}}", untouched},
	{"providers.NAME.clientId", "providers: {Shop: {" + provided + "}}", "providers: {Shop: {" + strings.Replace(provided, "clientId: a", "clientId: b", 1) + "}}", untouched},
	{"providers.NAME.issuer", "providers: {Shop: {" + provided + "}}", "providers: {Shop: {" + strings.Replace(provided, "id.", "idp.", 1) + "}}", untouched},
	{"providers.NAME.scopes", "providers: {Shop: {" + provided + "}}", "providers: {Shop: {" + provided + ", scopes: [openid]}}", untouched},
	{"providers.NAME.metadataUrl", "providers: {Saml: {type: SAML, metadataUrl: 'https://a.example/'}}", "providers: {Saml: {type: SAML, metadataUrl: 'https://b.example/'}}", untouched},
	{"providers.NAME.metadataFile", "providers: {Saml: {type: SAML, metadataUrl: 'https://a.example/'}}", "providers: {Saml: {type: SAML, metadataFile: go.mod}}", untouched},
	{"providers.NAME.attributeMapping", "providers: {Shop: {" + provided + "}}", "providers: {Shop: {" + provided + ", attributeMapping: {name: name}}}", untouched},
	{"tier", "", "tier: PLUS", inPlace},
	{"mfa", "", "mfa: REQUIRED", inPlace},
	{"threatProtection", "tier: PLUS", "tier: PLUS, threatProtection: ENFORCED", inPlace},
	{"tokens.accessMinutes", "", "tokens: {accessMinutes: 5}", untouched},
	{"tokens.idMinutes", "", "tokens: {idMinutes: 5}", untouched},
	{"tokens.refreshDays", "", "tokens: {refreshDays: 1}", untouched},
	{"tokens.sessionMinutes", "", "tokens: {sessionMinutes: 15}", untouched},
	{"tokens.rotation", "tier: ESSENTIALS", "tier: ESSENTIALS, tokens: {rotation: true}", untouched},
	{"tokens.rotationGraceSeconds", "tier: ESSENTIALS, tokens: {rotation: true}", "tier: ESSENTIALS, tokens: {rotation: true, rotationGraceSeconds: 9}", untouched},
	{"email.from", "email: {from: a@example.com, sourceArn: '" + sender + "'}", "email: {from: b@example.com, sourceArn: '" + sender + "'}", inPlace},
	{"email.sourceArn", "", "email: {from: a@example.com, sourceArn: '" + sender + "'}", inPlace},
	{"triggers.preSignUp", "", "triggers: {preSignUp: no-auth}", inPlace},
	{"triggers.postConfirmation", "", "triggers: {postConfirmation: no-auth}", inPlace},
	{"triggers.preAuthentication", "", "triggers: {preAuthentication: no-auth}", inPlace},
	{"triggers.postAuthentication", "", "triggers: {postAuthentication: no-auth}", inPlace},
	{"triggers.preTokenGeneration", "", "triggers: {preTokenGeneration: no-auth}", inPlace},
	{"triggers.tokenVersion", "tier: ESSENTIALS, triggers: {preTokenGeneration: no-auth}", "tier: ESSENTIALS, triggers: {preTokenGeneration: no-auth, tokenVersion: V2_0}", inPlace},
	{"principalTags", "", "principalTags: {user: sub}", untouched},
}

const sender = "arn:aws:ses:us-west-2:111122223333:identity/example.com"
