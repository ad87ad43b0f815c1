package cases

// cognitoChoices are those of identity providers, resource servers, tags of sessions,
// and of the settings of pools.
func cognitoChoices() []choice {
	return []choice{
		{"a custom scope that its resource server has no longer", "asked for in vain, and gone from tokens that are refreshed", "deny in doubt", "userpool/hosted TestCustomScopesOfUsers"},
		{"client_credentials with scopes of users, such as openid", "InvalidOAuthFlowException when the client is declared", "the grant is documented for custom scopes alone; which refusal, is not", "userpool/hosted TestScopesOfClientsMustBeDeclared"},
		{"the user's own operations with a client's own token", "Access Token does not have required scopes", "it never has aws.cognito.signin.user.admin", "userpool/hosted TestClientCredentials"},

		{"an identity provider of type SAML", "recorded; its button and identity_provider=NAME answer with a page that says so", "nobody is signed in by what is not verified", "userpool/hosted TestSAMLIsRecordedAlone"},
		{"Google's attributes", "those of its ID token and of its OpenID Connect user info, not of its people API", "the claims that are mapped as a rule have the same names", "userpool TestIdentityProvidersAreChecked"},
		{"what a provider answers in error", "error as RFC 6749 has it, else invalid_request; server_error when it cannot be reached; error_description begins with its name", "AWS documents the form for what the provider says, and that descriptions are not fixed", "userpool/hosted TestProvidersThatSayNoOrNothing"},
		{"an ID token that is not valid", "invalid_request at the callback, and the reason in the log alone", "deny; AWS's words are not documented", "userpool/hosted TestProvidersThatAreNotBelieved"},
		{"how long a user may take at the provider", "ten minutes, in the same browser, once", "not documented", "userpool/hosted TestAStateIsOnesOwnAndGoodOnce"},
		{"an email address that a provider names", "not verified unless email_verified is mapped, and no alias: the user is found by PROVIDER_sub and sub", "nobody's name is taken by what another provider says", "userpool/hosted TestNobodyIsTakenOver"},
		{"a mapped claim that the provider leaves out", "the attribute stays as it is", "not documented; what is required must have come once", "userpool/hosted TestAttributesThatArePoolsConcern"},
		{"a mapped claim that is a list or an object", "its JSON", "an attribute is text", "userpool/hosted TestAttributesThatArePoolsConcern"},
		{"a second factor of the pool, and users of providers", "not asked for, with mfaConfiguration ON neither", "AWS leaves it to the provider", "userpool/hosted TestFederatedUsersShowNoSecondFactor"},
		{"a browser's session, and another client of the pool", "good for it when that client supports the provider that the user came from", "deny in doubt", "userpool/hosted TestAClientsProvidersAlone"},
		{"a user of a provider who is disabled", "invalid_request: User is disabled.", "the words are not documented", "userpool/hosted TestFederatedUsersHaveNoPassword"},

		{"a role whose trust policy has no sts:TagSession, where there are tags", "InvalidIdentityPoolConfigurationException", "as when it does not let itself be assumed", "identitypool TestTagsNeedTheTrustPolicy"},
		{"a claim that a token lacks, or that has many values, as a tag", "no tag", "a tag has one value", "identitypool TestClaimsBecomeTagsOfTheSession"},
		{"a claim whose value STS does not take as a tag's", "InvalidParameterException", "a session without its tags could be let in where it must not be", "identitypool TestClaimsBecomeTagsOfTheSession"},

		{"threat protection of a pool", "recorded in userPoolTier PLUS, and refused in others", "the local AWS rates no risk", "userpool TestSettingsOfAPool"},
		{"the mail settings of a pool", "recorded", "mail goes to the mailbox", "userpool TestSettingsOfAPool"},
		{"the form of attributes of type Number, Boolean and DateTime", "decimal digits; true or false; RFC 3339", "AWS documents the names of the types alone", "userpool/schema TestValuesAreOfTheirType"},
		{"a standard attribute that is added to the schema of a pool that is there", "refused", "AWS would make a custom attribute of it, which is never what is meant", "userpool/schema TestWhatBecomesOfASchema"},
		{"a PreAuthentication function and a name that is locked", "not asked", "no proof would be taken", "userpool/api TestFunctionsAndNamesThatNobodyHas"},
		{"a PostAuthentication function that fails", "its error is answered; there are no tokens, and no browser session", "deny in doubt", "userpool/api TestFunctionsThatRefuseASignIn"},
		{"PostAuthentication at the first sign-in of a provider's user", "PostConfirmation is told in its place", "the first sign-in is the sign-up", "userpool/hosted TestFunctionsOfAFederatedSignIn"},
	}
}
