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

// payloadType is the type of an in-toto statement in an envelope.
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
	tests, err := a.testStatement()
	if err != nil {
		return nil, err
	}
	first, err := wrap(ctx, signer, tests)
	if err != nil {
		return nil, err
	}
	summary, err := a.summaryStatement(hash(first))
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

// Verify returns the content of a bundle that the key has signed and that meets the conditions. Otherwise the error says in
// one line why it is refused. It accepts a bundle only in the exact form that Sign writes, so no byte can be changed, even if
// no signature covers it.
func Verify(ctx context.Context, bundle []byte, key VerifyingKey, expected Expected) (Attested, error) {
	if !wholeDigest.MatchString(expected.Digest) {
		return Attested{}, fmt.Errorf("the digest to verify is %q: it must be sha256: and 64 hexadecimal digits", expected.Digest)
	}
	lines := bytes.Split(bytes.TrimSuffix(bundle, []byte("\n")), []byte("\n"))
	if len(lines) != 2 || !bytes.HasSuffix(bundle, []byte("\n")) {
		return Attested{}, errors.New("no attestation of hero_chaos: it must have two lines, the tests and the summary")
	}
	var statements [2][]byte
	for i, line := range lines {
		var err error
		if statements[i], err = unwrap(ctx, line, key); err != nil {
			return Attested{}, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	attested, err := readStatements(statements[0], statements[1], hash(lines[0]))
	if err != nil {
		return Attested{}, err
	}
	return attested, expected.check(attested)
}

// unwrap returns the payload of an envelope.
func unwrap(ctx context.Context, line []byte, key VerifyingKey) ([]byte, error) {
	var envelope dsse.Envelope
	if err := json.Unmarshal(line, &envelope); err != nil {
		return nil, errors.New("no envelope: the file is damaged, or of another kind")
	}
	if envelope.PayloadType != payloadType {
		return nil, fmt.Errorf("the payload is %.60q, not %s", envelope.PayloadType, payloadType)
	}
	id, err := key.key.KeyID()
	if err != nil {
		return nil, err
	}
	if len(envelope.Signatures) != 1 || envelope.Signatures[0].KeyID != id {
		return nil, errors.New("not signed by this key alone")
	}
	verifier, err := dsse.NewEnvelopeVerifier(key.key)
	if err != nil {
		return nil, err
	}
	_, payload, err := verifier.VerifyAndDecode(ctx, &envelope)
	if err != nil {
		return nil, errors.New("the signature does not match this key: the payload was changed, or signed by another key")
	}
	return payload, checkForm(line, envelope, payload)
}

// checkForm returns an error if an envelope is not in the form that Sign writes.
func checkForm(line []byte, envelope dsse.Envelope, payload []byte) error {
	signature, err := base64.StdEncoding.DecodeString(envelope.Signatures[0].Sig)
	if err != nil {
		return errors.New("the signature is not in the form that hero_chaos writes")
	}
	envelope.Payload = base64.StdEncoding.EncodeToString(payload)
	envelope.Signatures[0].Sig = base64.StdEncoding.EncodeToString(signature)
	again, err := json.Marshal(envelope)
	if err != nil {
		return err
	}
	if !bytes.Equal(again, line) {
		return errors.New("the envelope is not in the form that hero_chaos writes: its unsigned part was changed")
	}
	return nil
}
