package attest

import (
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/secure-systems-lab/go-securesystemslib/signerverifier"
)

// SigningKey is a private key. It cannot be printed.
type SigningKey struct {
	key *signerverifier.ED25519SignerVerifier
}

// String hides the key.
func (SigningKey) String() string { return "[a signing key]" }

// GoString hides the key from %#v.
func (k SigningKey) GoString() string { return k.String() }

// Format hides the key from every other verb.
func (k SigningKey) Format(state fmt.State, _ rune) { _, _ = state.Write([]byte(k.String())) }

// VerifyingKey is a public key.
type VerifyingKey struct {
	key *signerverifier.ED25519SignerVerifier
}

// ParseSigningKey reads an Ed25519 key in PKCS#8, as PEM: `openssl genpkey -algorithm ed25519` writes one. No error contains
// a part of the key.
func ParseSigningKey(text []byte) (SigningKey, error) {
	key, err := parse(text, signerverifier.PrivateKeyPEM)
	return SigningKey{key}, err
}

// ParseVerifyingKey reads a public key, as PEM: `openssl pkey -pubout` writes one.
func ParseVerifyingKey(text []byte) (VerifyingKey, error) {
	key, err := parse(text, signerverifier.PublicKeyPEM)
	return VerifyingKey{key}, err
}

func parse(text []byte, kind string) (*signerverifier.ED25519SignerVerifier, error) {
	block, rest := pem.Decode(text)
	switch {
	case block == nil:
		return nil, fmt.Errorf("no PEM file: it must hold one block, %s", kind)
	case block.Type != kind:
		return nil, fmt.Errorf("the PEM block is %.40q: it must be %s", block.Type, kind)
	case len(rest) > 0:
		return nil, errors.New("something follows the key: the file must hold one key")
	}
	loaded, err := signerverifier.LoadKey(text)
	if err != nil {
		return nil, errors.New("the PEM block holds no valid key")
	}
	if loaded.KeyType != signerverifier.ED25519KeyType {
		return nil, fmt.Errorf("the key is for %s: it must be an Ed25519 key", loaded.KeyType)
	}
	return signerverifier.NewED25519SignerVerifierFromSSLibKey(loaded)
}
