package attest_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/golden"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/attest"
)

var (
	judged = time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	digest = "sha256:" + strings.Repeat("4f", 32)
)

func promoted() attest.Attested {
	return attest.Attested{
		Image: "herozero:1.4", Digest: digest, Verdict: attest.Promoted,
		Records: []attest.Record{{Name: "record.json", SHA256: strings.Repeat("1a", 32), Finished: judged.Add(-time.Minute)}},
		Policy:  strings.Repeat("2b", 32), Judged: judged,
		Passed: []string{"restart.sigkill", "restart.sigterm"}, Open: []string{"load.soak"}, Version: "v0.1.0",
	}
}

func expected() attest.Expected {
	return attest.Expected{Digest: digest, AgeLimit: 24 * time.Hour, Now: judged.Add(time.Hour)}
}

// newKeys returns a pair of keys, the same for every seed.
func newKeys(t *testing.T, seed byte) (attest.SigningKey, attest.VerifyingKey) {
	t.Helper()
	private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
	signing, err := attest.ParseSigningKey(pkcs8(t, private))
	if err != nil {
		t.Fatal(err)
	}
	verifying, err := attest.ParseVerifyingKey(pkix(t, private.Public()))
	if err != nil {
		t.Fatal(err)
	}
	return signing, verifying
}

func pkcs8(t *testing.T, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func pkix(t *testing.T, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// sign returns a bundle and the key that verifies it.
func sign(t *testing.T, a attest.Attested) (bundle []byte, key attest.VerifyingKey) {
	t.Helper()
	signing, verifying := newKeys(t, 1)
	bundle, err := attest.Sign(t.Context(), a, signing)
	if err != nil {
		t.Fatal(err)
	}
	return bundle, verifying
}

func TestSignAndVerify(t *testing.T) {
	bundle, key := sign(t, promoted())
	attested, err := attest.Verify(t.Context(), bundle, key, expected())
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(attested, promoted()) {
		t.Errorf("attested\n%+v, not\n%+v", attested, promoted())
	}
}

// TestTheStatements compares the statements that others read.
func TestTheStatements(t *testing.T) {
	held := promoted()
	held.Verdict = "HOLD"
	one, _ := sign(t, promoted())
	other, _ := sign(t, held)
	bundle, text := append(one, other...), new(bytes.Buffer)
	for line := range bytes.Lines(bundle) {
		var envelope struct{ Payload []byte }
		if err := json.Unmarshal(line, &envelope); err != nil {
			t.Fatal(err)
		}
		if err := json.Indent(text, envelope.Payload, "", "  "); err != nil {
			t.Fatal(err)
		}
		text.WriteString("\n")
	}
	golden.Check(t, "statements.json", text.String())
}

// TestNoByteCanBeChanged changes, removes and adds bytes everywhere in a bundle.
func TestNoByteCanBeChanged(t *testing.T) {
	bundle, key := sign(t, promoted())
	refused := func(what string, at int, changed []byte) {
		t.Helper()
		if _, err := attest.Verify(t.Context(), changed, key, expected()); err == nil {
			t.Errorf("%s byte %d of %d (%q): it is accepted", what, at, len(bundle), bundle[max(0, at-10):min(len(bundle), at+10)])
		} else if strings.ContainsRune(err.Error(), '\n') {
			t.Errorf("more than one line: %q", err)
		}
	}
	for at := range bundle {
		for _, other := range []byte{bundle[at] ^ 1, bundle[at] ^ 0x20, ' ', 'A'} {
			if other != bundle[at] {
				changed := bytes.Clone(bundle)
				changed[at] = other
				refused("changed", at, changed)
			}
		}
		refused("without", at, append(bytes.Clone(bundle[:at]), bundle[at+1:]...))
		for _, more := range []string{" ", "A"} {
			refused("before "+more, at, append(append(bytes.Clone(bundle[:at]), more...), bundle[at:]...))
		}
	}
	refused("cut off", len(bundle), bundle[:len(bundle)-1])
	refused("nothing", 0, nil)
}

// TestOtherFormsAreRefused covers other ways to write the same JSON.
func TestOtherFormsAreRefused(t *testing.T) {
	bundle, key := sign(t, promoted())
	first, second, _ := bytes.Cut(bundle, []byte("\n"))
	for name, changed := range map[string]string{
		"a key in capitals":    strings.Replace(string(bundle), `"payload"`, `"PAYLOAD"`, 1),
		"a key twice":          strings.Replace(string(bundle), `"payload":`, `"payload":"","payload":`, 1),
		"one key more":         strings.Replace(string(bundle), `{`, `{"comment":"x",`, 1),
		"no key id":            strings.Replace(string(bundle), `"keyid"`, `"keyix"`, 1),
		"URL encoding":         strings.NewReplacer("+", "-", "/", "_").Replace(string(bundle)) + " ",
		"an escape":            strings.Replace(string(bundle), `"sig"`, `"\u0073ig"`, 1),
		"the lines exchanged":  string(second) + string(first) + "\n",
		"the first line twice": string(first) + "\n" + string(first) + "\n",
		"one line":             string(first) + "\n",
		"three lines":          string(bundle) + string(first) + "\n",
		"no signature":         strings.ReplaceAll(string(bundle), `"signatures":[{`, `"signatures":[],"x":[{`),
		"Windows":              strings.ReplaceAll(string(bundle), "\n", "\r\n"),
	} {
		if _, err := attest.Verify(t.Context(), []byte(changed), key, expected()); err == nil {
			t.Errorf("%s: it is accepted", name)
		}
	}
}

// TestTheLinesBelongTogether mixes the lines of two bundles of the same image and key.
func TestTheLinesBelongTogether(t *testing.T) {
	bad := promoted()
	bad.Records[0].SHA256, bad.Verdict = strings.Repeat("3c", 32), "HOLD"
	one, key := sign(t, promoted())
	other, _ := sign(t, bad)
	tests, _, _ := bytes.Cut(other, []byte("\n"))
	_, summary, _ := bytes.Cut(one, []byte("\n"))
	_, err := attest.Verify(t.Context(), fmt.Appendf(nil, "%s\n%s", tests, summary), key, expected())
	if err == nil || !strings.Contains(err.Error(), "the summary is of other tests") {
		t.Errorf("the tests of a HOLD with the summary of a PROMOTE: %v", err)
	}
}

func TestVerifyRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		sign   func(*attest.Attested)
		expect func(*attest.Expected)
		want   string
	}{
		"HOLD":              {sign: func(a *attest.Attested) { a.Verdict = "HOLD" }, want: "the verdict is HOLD"},
		"INCONCLUSIVE":      {sign: func(a *attest.Attested) { a.Verdict = "INCONCLUSIVE" }, want: "the verdict is INCONCLUSIVE"},
		"another image":     {expect: func(e *attest.Expected) { e.Digest = "sha256:" + strings.Repeat("50", 32) }, want: "the attestation is of the image sha256:4f4f"},
		"no digest":         {expect: func(e *attest.Expected) { e.Digest = "" }, want: `the digest to verify is ""`},
		"half a digest":     {expect: func(e *attest.Expected) { e.Digest = digest[:20] }, want: "it must be sha256: and 64"},
		"stale":             {expect: func(e *attest.Expected) { e.Now = judged.Add(24 * time.Hour) }, want: "stale"},
		"no age is allowed": {expect: func(e *attest.Expected) { e.AgeLimit = 0 }, want: "stale"},
		"from the future":   {expect: func(e *attest.Expected) { e.Now = judged.Add(-2 * time.Minute) }, want: "in the future"},
		"an old record beside a new one": {sign: func(a *attest.Attested) {
			a.Records = append(a.Records, attest.Record{Name: "old.json", SHA256: strings.Repeat("3c", 32), Finished: judged.Add(-48 * time.Hour)})
		}, want: "the run of old.json ended"},
		"judged before its end": {sign: func(a *attest.Attested) { a.Records[0].Finished = judged.Add(time.Hour) }, want: "after the judgement"},
	} {
		a, e := promoted(), expected()
		if tc.sign != nil {
			tc.sign(&a)
		}
		if tc.expect != nil {
			tc.expect(&e)
		}
		bundle, key := sign(t, a)
		if _, err := attest.Verify(t.Context(), bundle, key, e); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, not %q", name, err, tc.want)
		}
	}
	bundle, _ := sign(t, promoted())
	_, another := newKeys(t, 2)
	if _, err := attest.Verify(t.Context(), bundle, another, expected()); err == nil || !strings.Contains(err.Error(), "not signed by this key") {
		t.Errorf("another key: %v", err)
	}
}

// TestAKeyIDIsNoSignature gives another key's signature the id of ours.
func TestAKeyIDIsNoSignature(t *testing.T) {
	ours, key := sign(t, promoted())
	theirs, _ := newKeys(t, 2)
	forged, err := attest.Sign(t.Context(), promoted(), theirs)
	if err != nil {
		t.Fatal(err)
	}
	id := func(bundle []byte) string {
		_, rest, _ := strings.Cut(string(bundle), `"keyid":"`)
		return rest[:64]
	}
	forged = bytes.ReplaceAll(forged, []byte(id(forged)), []byte(id(ours)))
	if _, err := attest.Verify(t.Context(), forged, key, expected()); err == nil || !strings.Contains(err.Error(), "the signature does not match this key") {
		t.Errorf("forged: %v", err)
	}
}

func TestSignRefuses(t *testing.T) {
	key, _ := newKeys(t, 1)
	for name, spoil := range map[string]func(*attest.Attested){
		"no verdict":          func(a *attest.Attested) { a.Verdict = "" },
		"a verdict of its":    func(a *attest.Attested) { a.Verdict = "promote" },
		"no digest":           func(a *attest.Attested) { a.Digest = "" },
		"a digest in capital": func(a *attest.Attested) { a.Digest = "sha256:" + strings.Repeat("4F", 32) },
		"no policy":           func(a *attest.Attested) { a.Policy = "" },
		"no record":           func(a *attest.Attested) { a.Records = nil },
		"a record unread":     func(a *attest.Attested) { a.Records[0].SHA256 = "" },
		"a record cut off":    func(a *attest.Attested) { a.Records[0].Finished = time.Time{} },
		"a record by name":    func(a *attest.Attested) { a.Records[0].Name = "policy" },
		"no time":             func(a *attest.Attested) { a.Judged = time.Time{} },
	} {
		a := promoted()
		spoil(&a)
		if bundle, err := attest.Sign(t.Context(), a, key); err == nil || bundle != nil || !strings.HasPrefix(err.Error(), "attest the verdict: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestInvalidKeys(t *testing.T) {
	private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := pkcs8(t, private)
	for want, text := range map[string][]byte{
		"no PEM file":                                     []byte("secret"),
		`the PEM block is "PUBLIC KEY"`:                   pkix(t, private.Public()),
		"something follows the key":                       append(bytes.Clone(good), "secret"...),
		"holds no valid key":                              pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("secret")}),
		"the key is for ecdsa: it must be an Ed25519 key": pkcs8(t, other),
		`the PEM block is "EC PRIVATE KEY"`:               pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: []byte("secret")}),
	} {
		_, err := attest.ParseSigningKey(text)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v, not %q", err, want)
		}
	}
	if _, err := attest.ParseVerifyingKey(good); err == nil {
		t.Error("the private key was accepted as a public one")
	}
}

// TestAKeyIsNotPrinted tries every verb, alone and inside a struct.
func TestAKeyIsNotPrinted(t *testing.T) {
	private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	key, err := attest.ParseSigningKey(pkcs8(t, private))
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q", "%d"} {
		text := fmt.Sprintf(verb+" "+verb, key, struct{ Key attest.SigningKey }{key}) //nolint:govet // every verb is the point
		sum := sha256.Sum256(private)
		for _, secret := range []string{"0707", "\a\a", "7 7 7", base64.StdEncoding.EncodeToString(private.Seed()), fmt.Sprintf("%x", sum)} {
			if strings.Contains(text, secret) {
				t.Errorf("%s writes %q", verb, text)
			}
		}
	}
	if text, err := json.Marshal(key); err != nil || string(text) != "{}" { //nolint:staticcheck // that nothing of it is written is the point
		t.Errorf("as JSON: %s, %v", text, err)
	}
}

func FuzzVerify(f *testing.F) {
	private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, ed25519.SeedSize))
	der, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		f.Fatal(err)
	}
	key, err := attest.ParseVerifyingKey(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte("{\"payloadType\":\"application/vnd.in-toto+json\",\"payload\":\"e30=\",\"signatures\":[{\"keyid\":\"\",\"sig\":\"\"}]}\n{}\n"))
	f.Fuzz(func(t *testing.T, bundle []byte) {
		if _, err := attest.Verify(t.Context(), bundle, key, expected()); err == nil {
			t.Error("what nobody signed is accepted")
		}
	})
}
