// Package stress holds no code, only the tests of the local AWS under load and fault:
// many clients at once, kill -9 at any moment, a full disk, and clients that are slow
// or send far too much.
package stress
