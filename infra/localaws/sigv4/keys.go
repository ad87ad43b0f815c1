package sigv4

import "sync"

// Keys keeps derived signing keys, so that a signer's next request on the same day
// costs one HMAC in place of five. It holds a bounded number of them and is safe for
// use by many goroutines; the zero Keys is ready, and a nil one keeps nothing.
type Keys struct {
	mu sync.Mutex
	// Two generations: when the young one is full it becomes the old one, and what was
	// in the old one and not asked for since is forgotten.
	young, old map[scope]derivedKey
}

const maxGeneration = 512

// scope is all that a signing key depends on.
type scope struct{ secret, date, region, service string }

type derivedKey [32]byte

// derive returns the signing key.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html#derive-signing-key
func (k *Keys) derive(secret, date, region, service string) derivedKey {
	at := scope{secret, date, region, service}
	if k == nil {
		return at.derive()
	}
	if key, ok := k.get(at); ok {
		return key
	}
	key := at.derive()
	k.put(at, key)
	return key
}

func (at scope) derive() derivedKey {
	key := sign([]byte("AWS4"+at.secret), at.date)
	for _, part := range []string{at.region, at.service, terminator} {
		key = sign(key, part)
	}
	return derivedKey(key)
}

func (k *Keys) get(at scope) (derivedKey, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if key, ok := k.young[at]; ok {
		return key, true
	}
	key, ok := k.old[at]
	if ok {
		k.keep(at, key)
	}
	return key, ok
}

func (k *Keys) put(at scope, key derivedKey) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keep(at, key)
}

func (k *Keys) keep(at scope, key derivedKey) {
	if k.young == nil || len(k.young) >= maxGeneration {
		k.young, k.old = make(map[scope]derivedKey), k.young
	}
	k.young[at] = key
}
