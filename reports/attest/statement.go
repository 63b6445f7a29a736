package attest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/in-toto/attestation/go/predicates/test_result/v0"
	vsa "github.com/in-toto/attestation/go/predicates/vsa/v1"
	intoto "github.com/in-toto/attestation/go/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// The types of the two predicates (in-toto's spec/predicates/test-result.md, and slsa.dev/spec/v1.1/verification_summary).
const (
	testResult          = "https://in-toto.io/attestation/test-result/v0.1"
	verificationSummary = "https://slsa.dev/verification_summary/v1"
)

const (
	// verifier names who judged; its version follows an @.
	verifier = "https://forge.ourworld.tf/lhumina_code/hero_chaos"
	// level precedes the verdict among the summary's levels: no word of SLSA's own says INCONCLUSIVE.
	level = "HERO_CHAOS_"
	// policyName tells the policy among what the tests were configured with; all others are records.
	policyName = "policy"
	// finished is the annotation of a record that says when its run ended.
	finished = "finished"
)

// result has two words in both predicates: what is not proved has not passed, whoever reads only this.
func result(verdict string) string {
	if verdict == Promoted {
		return "PASSED"
	}
	return "FAILED"
}

// statement wraps a predicate about the image's digest.
func statement(a Attested, kind string, predicate proto.Message) ([]byte, error) {
	text, err := protojson.Marshal(predicate)
	if err != nil {
		return nil, err
	}
	generic := new(structpb.Struct)
	if err := protojson.Unmarshal(text, generic); err != nil {
		return nil, err
	}
	whole := &intoto.Statement{
		Type: intoto.StatementTypeUri, PredicateType: kind, Predicate: generic,
		Subject: []*intoto.ResourceDescriptor{{Name: a.Image, Digest: sha256Of(strings.TrimPrefix(a.Digest, "sha256:"))}},
	}
	if err := whole.Validate(); err != nil {
		return nil, err
	}
	if text, err = protojson.Marshal(whole); err != nil {
		return nil, err
	}
	compact := new(bytes.Buffer) // protojson adds spaces at random
	if err := json.Compact(compact, text); err != nil {
		return nil, err
	}
	return compact.Bytes(), nil
}

func sha256Of(hash string) map[string]string { return map[string]string{"sha256": hash} }

// tests is the statement of what the tests came to.
func (a Attested) tests() ([]byte, error) {
	predicate := &v0.TestResult{Result: result(a.Verdict), PassedTests: a.Passed}
	if a.Verdict == Promoted { // what is open is not held against the image, or is waived
		predicate.WarnedTests = a.Open
	} else {
		predicate.FailedTests = a.Open
	}
	for _, record := range a.Records {
		when, err := structpb.NewStruct(map[string]any{finished: record.Finished.UTC().Format(time.RFC3339Nano)})
		if err != nil {
			return nil, err
		}
		predicate.Configuration = append(predicate.Configuration, &intoto.ResourceDescriptor{
			Name: record.Name, Digest: sha256Of(record.SHA256), Annotations: when,
		})
	}
	predicate.Configuration = append(predicate.Configuration, &intoto.ResourceDescriptor{Name: policyName, Digest: sha256Of(a.Policy)})
	return statement(a, testResult, predicate)
}

// summary is the statement that the tests, whose envelope has that SHA-256, were judged.
func (a Attested) summary(testsHash string) ([]byte, error) {
	return statement(a, verificationSummary, &vsa.VerificationSummary{
		Verifier:           &vsa.VerificationSummary_Verifier{Id: strings.TrimSuffix(verifier+"@"+a.Version, "@")},
		TimeVerified:       timestamppb.New(a.Judged),
		ResourceUri:        a.Image,
		Policy:             &vsa.VerificationSummary_Policy{Digest: sha256Of(a.Policy)},
		InputAttestations:  []*vsa.VerificationSummary_InputAttestation{{Digest: sha256Of(testsHash)}},
		VerificationResult: result(a.Verdict),
		VerifiedLevels:     []string{level + a.Verdict},
	})
}

// open reads a statement's predicate into one of its kind, and returns the image that it is about.
func open(text []byte, kind string, predicate proto.Message) (image, digest string, err error) {
	whole := new(intoto.Statement)
	if err := protojson.Unmarshal(text, whole); err != nil {
		return "", "", errors.New("what is signed is no in-toto statement")
	}
	if err := whole.Validate(); err != nil || whole.GetType() != intoto.StatementTypeUri || len(whole.GetSubject()) != 1 {
		return "", "", errors.New("what is signed is no in-toto statement about one image")
	}
	if whole.GetPredicateType() != kind {
		return "", "", fmt.Errorf("what is signed is %q, and not %q", whole.GetPredicateType(), kind)
	}
	inner, err := protojson.Marshal(whole.GetPredicate())
	if err != nil {
		return "", "", err
	}
	if err := protojson.Unmarshal(inner, predicate); err != nil {
		return "", "", fmt.Errorf("what is signed is no %q", kind)
	}
	subject := whole.GetSubject()[0]
	return subject.GetName(), "sha256:" + subject.GetDigest()["sha256"], nil
}

// read returns what the two statements say, and refuses such as do not belong together. testsHash is the SHA-256 of the
// first one's envelope.
func read(tests, summary []byte, testsHash string) (a Attested, err error) {
	tested, judged := new(v0.TestResult), new(vsa.VerificationSummary)
	if a.Image, a.Digest, err = open(tests, testResult, tested); err != nil {
		return a, err
	}
	image, digest, err := open(summary, verificationSummary, judged)
	if err != nil {
		return a, err
	}
	inputs, levels := judged.GetInputAttestations(), judged.GetVerifiedLevels()
	if image != a.Image || digest != a.Digest || len(inputs) != 1 || inputs[0].GetDigest()["sha256"] != testsHash || len(levels) != 1 {
		return a, errors.New("the summary is not of these tests")
	}
	_, a.Version, _ = strings.Cut(judged.GetVerifier().GetId(), verifier+"@")
	a.Verdict = strings.TrimPrefix(levels[0], level)
	if tested.GetResult() != result(a.Verdict) || judged.GetVerificationResult() != result(a.Verdict) {
		return a, fmt.Errorf("it does not agree with itself: the tests are %s, the summary %s, and the verdict is %s",
			tested.GetResult(), judged.GetVerificationResult(), a.Verdict)
	}
	a.Judged, a.Policy = judged.GetTimeVerified().AsTime(), judged.GetPolicy().GetDigest()["sha256"]
	a.Passed, a.Open = tested.GetPassedTests(), slices.Concat(tested.GetWarnedTests(), tested.GetFailedTests())
	for _, used := range tested.GetConfiguration() {
		if used.GetName() == policyName {
			continue
		}
		ended, err := time.Parse(time.RFC3339Nano, used.GetAnnotations().GetFields()[finished].GetStringValue())
		if err != nil {
			return a, fmt.Errorf("the record %s does not say when its run ended", used.GetName())
		}
		a.Records = append(a.Records, Record{Name: used.GetName(), SHA256: used.GetDigest()["sha256"], Finished: ended})
	}
	return a, a.check()
}
