// What functions/require-auth answers, made of what API Gateway tells of the caller.
exports.headers = {
  'Content-Type': 'application/json',
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
}

exports.answer = (identity) => {
  const caller = {
    kind: 'guest',
    identityId: identity.cognitoIdentityId,
    identityPoolId: identity.cognitoIdentityPoolId,
    arn: identity.userArn,
  }
  if (identity.cognitoAuthenticationType === 'authenticated') {
    caller.kind = 'user'
    caller.user = poolUser(identity.cognitoAuthenticationProvider)
  }
  return { message: "You're past the velvet rope!", caller }
}

function poolUser(provider) {
  for (const part of provider.split(',')) {
    const [issuer, sub] = part.split(':CognitoSignIn:')
    if (sub) return { sub, userPoolId: issuer.split('/')[1] }
  }
}
