package attest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
)

// payloadType is that of an in-toto statement in an envelope.
const payloadType = "application/vnd.in-toto+json"

// Sign returns the bundle (in-toto's spec/v1/bundle.md): two lines, each the envelope of a statement.
func Sign(ctx context.Context, a Attested, key SigningKey) ([]byte, error) {
	if err := a.check(); err != nil {
		return nil, fmt.Errorf("attest the verdict: %w", err)
	}
	bundle, err := sign(ctx, a, key)
	if err != nil {
		return nil, fmt.Errorf("attest the verdict: %w", err)
	}
	return bundle, nil
}

func sign(ctx context.Context, a Attested, key SigningKey) ([]byte, error) {
	signer, err := dsse.NewEnvelopeSigner(key.key)
	if err != nil {
		return nil, err
	}
	tests, err := a.tests()
	if err != nil {
		return nil, err
	}
	first, err := wrap(ctx, signer, tests)
	if err != nil {
		return nil, err
	}
	summary, err := a.summary(hash(first))
	if err != nil {
		return nil, err
	}
	second, err := wrap(ctx, signer, summary)
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, "%s\n%s\n", first, second), nil
}

func wrap(ctx context.Context, signer *dsse.EnvelopeSigner, payload []byte) ([]byte, error) {
	envelope, err := signer.SignPayload(ctx, payloadType, payload)
	if err != nil {
		return nil, err
	}
	return json.Marshal(envelope)
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Verify returns what a bundle attests, if the key has signed it and it is as expected; otherwise the error says in one
// line why it is refused. Every byte counts, those too that no signature covers: a bundle is taken only in the one form
// in which Sign writes it.
func Verify(ctx context.Context, bundle []byte, key VerifyingKey, expected Expected) (Attested, error) {
	if !wholeDigest.MatchString(expected.Digest) {
		return Attested{}, fmt.Errorf("the digest to verify is %q: it has to be sha256: and 64 hexadecimal digits", expected.Digest)
	}
	lines := bytes.Split(bytes.TrimSuffix(bundle, []byte("\n")), []byte("\n"))
	if len(lines) != 2 || !bytes.HasSuffix(bundle, []byte("\n")) {
		return Attested{}, errors.New("it is no bundle of hero_chaos: that has two lines, the tests and the summary")
	}
	var statements [2][]byte
	for i, line := range lines {
		var err error
		if statements[i], err = unwrap(ctx, line, key); err != nil {
			return Attested{}, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	attested, err := read(statements[0], statements[1], hash(lines[0]))
	if err != nil {
		return Attested{}, err
	}
	return attested, expected.met(attested)
}

// unwrap returns what an envelope holds.
func unwrap(ctx context.Context, line []byte, key VerifyingKey) ([]byte, error) {
	var envelope dsse.Envelope
	if err := json.Unmarshal(line, &envelope); err != nil {
		return nil, errors.New("it is no envelope: it is damaged, or another kind of file")
	}
	if envelope.PayloadType != payloadType {
		return nil, fmt.Errorf("it holds %.60q, and not %s", envelope.PayloadType, payloadType)
	}
	id, err := key.key.KeyID()
	if err != nil {
		return nil, err
	}
	if len(envelope.Signatures) != 1 || envelope.Signatures[0].KeyID != id {
		return nil, errors.New("it was not signed by this key alone")
	}
	verifier, err := dsse.NewEnvelopeVerifier(key.key)
	if err != nil {
		return nil, err
	}
	_, payload, err := verifier.VerifyAndDecode(ctx, &envelope)
	if err != nil {
		return nil, errors.New("the signature is not that of this key for what it holds: it was changed, or signed by another")
	}
	return payload, canonical(line, envelope, payload)
}

// canonical refuses an envelope that says the same in other bytes.
func canonical(line []byte, envelope dsse.Envelope, payload []byte) error {
	signature, err := base64.StdEncoding.DecodeString(envelope.Signatures[0].Sig)
	if err != nil {
		return errors.New("the signature is not written as hero_chaos writes it")
	}
	envelope.Payload = base64.StdEncoding.EncodeToString(payload)
	envelope.Signatures[0].Sig = base64.StdEncoding.EncodeToString(signature)
	again, err := json.Marshal(envelope)
	if err != nil {
		return err
	}
	if !bytes.Equal(again, line) {
		return errors.New("it is not written as hero_chaos writes it: it was changed where no signature is")
	}
	return nil
}
