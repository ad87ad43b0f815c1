// What a page of another origin does with the service APIs: amazon-cognito-identity-js as
// it is built for browsers (the global AmazonCognitoIdentity), and calls with the headers
// that the AWS SDK for JavaScript sends from a browser.
const headersOfTheSDK = {
  'content-type': 'application/x-amz-json-1.1',
  'x-amz-user-agent': 'aws-sdk-js/3.967.0',
  'amz-sdk-invocation-id': '00000000-0000-4000-8000-000000000000',
  'amz-sdk-request': 'attempt=1; max=3',
  'cache-control': 'no-store',
};
// Their values do not matter to operations that need no signature.
const headersOfItsSignature = {
  authorization: 'AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-west-2/cognito-idp/aws4_request, SignedHeaders=host, Signature=0',
  'x-amz-content-sha256': '0',
  'x-amz-date': '20260101T000000Z',
  'x-amz-security-token': '0',
};

async function call(site, target, parameters, more = {}) {
  const answer = await fetch(`${site.awsEndpoint}/`, {
    method: 'POST', headers: { ...headersOfTheSDK, ...more, 'x-amz-target': target }, body: JSON.stringify(parameters),
  });
  return { status: answer.status, type: answer.headers.get('x-amzn-errortype') ?? undefined, body: await answer.json() };
}

globalThis.go = async (site) => {
  const steps = [];
  const { AuthenticationDetails, CognitoUser, CognitoUserPool } = globalThis.AmazonCognitoIdentity;
  const Pool = new CognitoUserPool({ UserPoolId: site.userPoolId, ClientId: site.userPoolClientId, endpoint: site.awsEndpoint });
  const user = new CognitoUser({ Username: site.demoUser, Pool });
  const session = await new Promise((onSuccess, onFailure) => {
    user.authenticateUser(new AuthenticationDetails({ Username: site.demoUser, Password: site.demoPassword }), { onSuccess, onFailure });
  });
  steps.push({ step: 'signed in', body: session.getIdToken().decodePayload()['cognito:username'] });

  const Logins = { [site.provider]: session.getIdToken().getJwtToken() };
  const { body: { IdentityId } } = await call(site, 'AWSCognitoIdentityService.GetId', { IdentityPoolId: site.identityPoolId, Logins });
  steps.push({ step: 'identity', body: IdentityId });
  const given = await call(site, 'AWSCognitoIdentityService.GetCredentialsForIdentity', { IdentityId, Logins });
  steps.push({ step: 'credentials', status: given.status });
  const refused = await call(site, 'AWSCognitoIdentityService.GetCredentialsForIdentity', { IdentityId });
  steps.push({ step: 'credentials without a token', status: refused.status, type: refused.type, body: refused.body.message });
  const signed = await call(site, 'AWSCognitoIdentityProviderService.GetUser', { AccessToken: session.getAccessToken().getJwtToken() }, headersOfItsSignature);
  steps.push({ step: 'a call with the headers of a signature', status: signed.status, body: signed.body.Username });

  // Neither the API, which declares no OPTIONS, nor what is there for testers answers a
  // page of another origin.
  for (const [step, address, headers] of [
    ['the API', `${site.apiUrl}/no-auth`, { 'x-api-key': site.apiKey }],
    ['the mailbox', `${site.awsEndpoint}/_local/mailbox`, {}],
  ]) {
    steps.push({ step, body: await fetch(address, { headers }).then(() => 'answered', (error) => error.name) });
  }
  return steps;
};
