// Package clienttest holds the web client's TypeScript (functions/web/client, without its
// view) against published vectors, against aws-sdk-go-v2, and against a stack in the local
// AWS, in a real browser. It has tests alone.
package clienttest
