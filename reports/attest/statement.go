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
	// verifier names the program that judged; its version follows an @.
	verifier = "https://forge.ourworld.tf/lhumina_code/hero_chaos"
	// level precedes the verdict in the summary's levels, because SLSA has no word for INCONCLUSIVE.
	level = "HERO_CHAOS_"
	// policyName names the policy in the configuration of the tests. All other entries are records.
	policyName = "policy"
	// finishedKey is the annotation of a record that holds the end of its run.
	finishedKey = "finished"
)

// resultOf returns the result in both predicates. Only PROMOTE has passed.
func resultOf(verdict string) string {
	if verdict == Promoted {
		return "PASSED"
	}
	return "FAILED"
}

// newStatement wraps a predicate about the image's digest.
func newStatement(a Attested, kind string, predicate proto.Message) ([]byte, error) {
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

// testStatement returns the statement of the tests' results.
func (a Attested) testStatement() ([]byte, error) {
	predicate := &v0.TestResult{Result: resultOf(a.Verdict), PassedTests: a.Passed}
	if a.Verdict == Promoted { // open promises are advisory or waived
		predicate.WarnedTests = a.Open
	} else {
		predicate.FailedTests = a.Open
	}
	for _, record := range a.Records {
		when, err := structpb.NewStruct(map[string]any{finishedKey: record.Finished.UTC().Format(time.RFC3339Nano)})
		if err != nil {
			return nil, err
		}
		predicate.Configuration = append(predicate.Configuration, &intoto.ResourceDescriptor{
			Name: record.Name, Digest: sha256Of(record.SHA256), Annotations: when,
		})
	}
	predicate.Configuration = append(predicate.Configuration, &intoto.ResourceDescriptor{Name: policyName, Digest: sha256Of(a.Policy)})
	return newStatement(a, testResult, predicate)
}

// summaryStatement returns the statement that the tests were judged. testsHash is the SHA-256 of their envelope.
func (a Attested) summaryStatement(testsHash string) ([]byte, error) {
	return newStatement(a, verificationSummary, &vsa.VerificationSummary{
		Verifier:           &vsa.VerificationSummary_Verifier{Id: strings.TrimSuffix(verifier+"@"+a.Version, "@")},
		TimeVerified:       timestamppb.New(a.Judged),
		ResourceUri:        a.Image,
		Policy:             &vsa.VerificationSummary_Policy{Digest: sha256Of(a.Policy)},
		InputAttestations:  []*vsa.VerificationSummary_InputAttestation{{Digest: sha256Of(testsHash)}},
		VerificationResult: resultOf(a.Verdict),
		VerifiedLevels:     []string{level + a.Verdict},
	})
}

// openStatement reads a statement's predicate, and returns the image that the statement is about.
func openStatement(text []byte, kind string, predicate proto.Message) (image, digest string, err error) {
	whole := new(intoto.Statement)
	if err := protojson.Unmarshal(text, whole); err != nil {
		return "", "", errors.New("the payload is no in-toto statement")
	}
	if err := whole.Validate(); err != nil || whole.GetType() != intoto.StatementTypeUri || len(whole.GetSubject()) != 1 {
		return "", "", errors.New("the payload is no in-toto statement about one image")
	}
	if whole.GetPredicateType() != kind {
		return "", "", fmt.Errorf("the payload is %q, not %q", whole.GetPredicateType(), kind)
	}
	inner, err := protojson.Marshal(whole.GetPredicate())
	if err != nil {
		return "", "", err
	}
	if err := protojson.Unmarshal(inner, predicate); err != nil {
		return "", "", fmt.Errorf("the payload is no valid %q", kind)
	}
	subject := whole.GetSubject()[0]
	return subject.GetName(), "sha256:" + subject.GetDigest()["sha256"], nil
}

// readStatements returns the content of the two statements, and refuses two that do not belong together. testsHash is the
// SHA-256 of the first one's envelope.
func readStatements(tests, summary []byte, testsHash string) (a Attested, err error) {
	tested, judged := new(v0.TestResult), new(vsa.VerificationSummary)
	if a.Image, a.Digest, err = openStatement(tests, testResult, tested); err != nil {
		return a, err
	}
	image, digest, err := openStatement(summary, verificationSummary, judged)
	if err != nil {
		return a, err
	}
	inputs, levels := judged.GetInputAttestations(), judged.GetVerifiedLevels()
	if image != a.Image || digest != a.Digest || len(inputs) != 1 || inputs[0].GetDigest()["sha256"] != testsHash || len(levels) != 1 {
		return a, errors.New("the summary is of other tests")
	}
	_, a.Version, _ = strings.Cut(judged.GetVerifier().GetId(), verifier+"@")
	a.Verdict = strings.TrimPrefix(levels[0], level)
	if tested.GetResult() != resultOf(a.Verdict) || judged.GetVerificationResult() != resultOf(a.Verdict) {
		return a, fmt.Errorf("contradiction: the tests are %s, the summary is %s, and the verdict is %s",
			tested.GetResult(), judged.GetVerificationResult(), a.Verdict)
	}
	a.Judged, a.Policy = judged.GetTimeVerified().AsTime(), judged.GetPolicy().GetDigest()["sha256"]
	a.Passed, a.Open = tested.GetPassedTests(), slices.Concat(tested.GetWarnedTests(), tested.GetFailedTests())
	for _, used := range tested.GetConfiguration() {
		if used.GetName() == policyName {
			continue
		}
		ended, err := time.Parse(time.RFC3339Nano, used.GetAnnotations().GetFields()[finishedKey].GetStringValue())
		if err != nil {
			return a, fmt.Errorf("the record %s does not say when its run ended", used.GetName())
		}
		a.Records = append(a.Records, Record{Name: used.GetName(), SHA256: used.GetDigest()["sha256"], Finished: ended})
	}
	return a, a.check()
}
