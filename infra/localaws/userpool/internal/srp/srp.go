// Package srp is secure remote password as Cognito does it: SRP-6a (RFC 5054) over the
// group of 3072 bits of RFC 3526 with SHA-256, the user named POOLNAMEusername, and
// the key taken by HKDF. This is the server's half; clients are the SDKs'. Numbers
// are hexadecimal. It is pure: what is random comes from the caller.
package srp

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/big"
	"strings"
)

var (
	prime = hexInt("FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD" +
		"EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED" +
		"EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F" +
		"83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B" +
		"E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510" +
		"15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7" +
		"ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C" +
		"BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF")
	generator  = big.NewInt(2)
	multiplier = hashInt(padded(prime), padded(generator))
)

func hexInt(s string) *big.Int {
	n, ok := new(big.Int).SetString(s, 16)
	if !ok {
		panic("srp: not a hexadecimal number: " + s)
	}
	return n
}

// padded is a number's bytes with a zero before a first byte of 0x80 or more, so
// that it reads as positive: the form that Cognito hashes numbers in.
func padded(n *big.Int) []byte {
	b := n.Bytes()
	if len(b) == 0 || b[0] >= 0x80 {
		return append([]byte{0}, b...)
	}
	return b
}

// fixed is a number of the group in hexadecimal, always of the same length.
func fixed(n *big.Int) string { return fmt.Sprintf("%0768x", n) }

func hashInt(parts ...[]byte) *big.Int {
	h := sha256.New()
	for _, part := range parts {
		h.Write(part)
	}
	return new(big.Int).SetBytes(h.Sum(nil))
}

// poolName is the part of a pool's id that goes into hashes: us-west-2_NAME.
func poolName(poolID string) string {
	_, name, _ := strings.Cut(poolID, "_")
	return name
}

// Verifier is what is kept of a password: it cannot be had back from it.
func Verifier(poolID, username, password string, salt []byte) string {
	inner := sha256.Sum256([]byte(poolName(poolID) + username + ":" + password))
	x := hashInt(padded(new(big.Int).SetBytes(salt)), inner[:])
	return fixed(new(big.Int).Exp(generator, x, prime))
}

// NobodysVerifier makes one of no password from any bytes; nothing tells it from others.
func NobodysVerifier(seed []byte) string {
	v := new(big.Int).SetBytes(seed)
	return fixed(v.Mul(v, v).Mod(v, prime)) // a square, as every power of the generator is
}

// ErrA is the refusal of a client's public number.
var ErrA = errors.New("SRP_A must be a hexadecimal number of at most 3072 bits that is not a multiple of N")

// CheckA refuses, with ErrA, a client's public number that would make the key known to
// everybody, or that is none.
func CheckA(s string) error {
	_, err := parseA(s)
	return err
}

func parseA(s string) (*big.Int, error) {
	if s == "" || len(s) > 800 || strings.Trim(s, "0123456789abcdefABCDEF") != "" {
		return nil, ErrA
	}
	a := hexInt(s)
	if a.BitLen() > prime.BitLen() || new(big.Int).Mod(a, prime).Sign() == 0 {
		return nil, ErrA
	}
	return a, nil
}

// B makes the server's public number from its secret one.
func B(verifier, b string) string { return public(hexInt(verifier), hexInt(b)).Text(16) }

func public(verifier, b *big.Int) *big.Int {
	B := new(big.Int).Mul(multiplier, verifier)
	B.Add(B, new(big.Int).Exp(generator, b, prime))
	return B.Mod(B, prime)
}

// Signature is what the client must send to have proved the password: a is its public
// number, b the server's secret one.
func Signature(poolID, userID, a, b, verifier string, secretBlock []byte, timestamp string) ([]byte, error) {
	A, err := parseA(a)
	if err != nil {
		return nil, err
	}
	secret, v := hexInt(b), hexInt(verifier)
	B := public(v, secret)
	u := hashInt(padded(A), padded(B))
	if u.Sign() == 0 {
		return nil, ErrA
	}
	S := new(big.Int).Exp(v, u, prime)
	S.Mul(S, A).Mod(S, prime)
	S.Exp(S, secret, prime)
	key, err := hkdf.Key(sha256.New, padded(S), padded(u), "Caldera Derived Key", 16)
	if err != nil {
		return nil, fmt.Errorf("deriving the SRP key: %w", err)
	}
	m := hmac.New(sha256.New, key)
	m.Write([]byte(poolName(poolID) + userID))
	m.Write(secretBlock)
	m.Write([]byte(timestamp))
	return m.Sum(nil), nil
}
