// Package clients is where clients that are not ours meet the local AWS: the AWS SDK
// for Go, the AWS CLI, curl, and from npm the AWS SDK for JavaScript, aws4 and
// amazon-cognito-identity-js. Each signs in, gets credentials, calls both routes of the
// article and is refused as AWS refuses it. So do the clients of functions/web/CLIENTS.md,
// with Amplify and with aws4fetch, in a browser. There are tests here and nothing else.
//
// The packages of package-lock.json are installed once, into .auth-api at the root of
// the checkout, where neither git nor the go command looks. They are chosen to run on
// Node 18 and later. A client that is not on PATH is said not to be tested; where the
// environment has CI set, its absence is a failure.
package clients
