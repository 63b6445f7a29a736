package attest

import (
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/secure-systems-lab/go-securesystemslib/signerverifier"
)

// SigningKey signs. It cannot be printed.
type SigningKey struct {
	key *signerverifier.ED25519SignerVerifier
}

// String keeps the key out of every text.
func (SigningKey) String() string { return "[a signing key]" }

// GoString does the same for %#v.
func (k SigningKey) GoString() string { return k.String() }

// Format does the same for every other verb.
func (k SigningKey) Format(state fmt.State, _ rune) { _, _ = state.Write([]byte(k.String())) }

// VerifyingKey verifies.
type VerifyingKey struct {
	key *signerverifier.ED25519SignerVerifier
}

// ParseSigningKey reads an Ed25519 key in PKCS#8, as PEM: what `openssl genpkey -algorithm ed25519` writes. No error
// says anything of what it holds.
func ParseSigningKey(text []byte) (SigningKey, error) {
	key, err := parse(text, signerverifier.PrivateKeyPEM)
	return SigningKey{key}, err
}

// ParseVerifyingKey reads the public part, as PEM: what `openssl pkey -pubout` writes.
func ParseVerifyingKey(text []byte) (VerifyingKey, error) {
	key, err := parse(text, signerverifier.PublicKeyPEM)
	return VerifyingKey{key}, err
}

func parse(text []byte, kind string) (*signerverifier.ED25519SignerVerifier, error) {
	block, rest := pem.Decode(text)
	switch {
	case block == nil:
		return nil, fmt.Errorf("it is no PEM file: there has to be one block, of %s", kind)
	case block.Type != kind:
		return nil, fmt.Errorf("it holds a block of %.40q: it has to be %s", block.Type, kind)
	case len(rest) > 0:
		return nil, errors.New("something follows the key: a file has to hold one key")
	}
	loaded, err := signerverifier.LoadKey(text)
	if err != nil {
		return nil, errors.New("what it holds is no key that can be read")
	}
	if loaded.KeyType != signerverifier.ED25519KeyType {
		return nil, fmt.Errorf("it holds a key for %s: it has to be an Ed25519 key", loaded.KeyType)
	}
	return signerverifier.NewED25519SignerVerifierFromSSLibKey(loaded)
}
