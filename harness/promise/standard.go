package promise

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// standardVersion is the version of the rules by which a promise is judged. Raise it if held or failed comes to mean something else; what
// the promises are is in the hash.
const standardVersion = 1

// Standard returns what a PROMOTE stands for: every promise that blocks, with the evidence that each held result must have. The first line
// names its version. Programs with the same first line ask for the same.
func Standard() string {
	text := new(strings.Builder)
	blocking := 0
	for _, p := range All() {
		if p.Advisory {
			continue
		}
		blocking++
		_, _ = fmt.Fprintf(text, "%-34s %s\n", p.ID, p.Sentence)
		if evidence := describeProof(p.Proof()); evidence != "" {
			_, _ = fmt.Fprintf(text, "%-34s   evidence: %s\n", "", evidence)
		}
	}
	return fmt.Sprintf("%s\n\nPROMOTE says that in a complete, recent run of the faithful profile against this very image each promise below held, by the evidence\n"+
		"that is named, and that no fault disturbed another service. Promises that only advise are not part of it.\n\n%s",
		standardName(blocking, text.String()), text)
}

// StandardName returns the first line of the standard.
func StandardName() string {
	name, _, _ := strings.Cut(Standard(), "\n")
	return name
}

func standardName(blocking int, text string) string {
	sum := sha256.Sum256([]byte(text))
	return fmt.Sprintf("hero_chaos standard %d: %d promises, sha256:%s", standardVersion, blocking, hex.EncodeToString(sum[:])[:16])
}

// describeProof says in words what evidence a held result must have.
func describeProof(proof *record.Proof) string {
	if proof == nil {
		return ""
	}
	var parts []string
	if proof.Services {
		parts = append(parts, "on every service")
	}
	if proof.Recoveries > 0 {
		parts = append(parts, fmt.Sprintf("%d × %s that took effect", proof.Recoveries, strings.Join(proof.Faults, " or ")))
	}
	if len(proof.Phases) > 0 {
		parts = append(parts, "in time: "+strings.Join(proof.Phases, ", "))
	}
	if proof.Stays != "" {
		parts = append(parts, "then it stays "+string(proof.Stays))
	}
	return strings.Join(parts, "; ")
}
