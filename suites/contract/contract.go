// Package contract names the clauses of the contract, so that code can refer to them by type. The clauses themselves are the
// Markdown files beside it. Everybody may import this package; it imports nothing of ours.
package contract

import (
	_ "embed"
	"strings"
)

// OpenRPC is the document that describes the RPC of zinit 0.4.
//
//go:embed zinit-0.4.openrpc.json
var OpenRPC []byte

// Clause is a reference to a clause: the path of a file from the root, and an anchor in it. Ours is none.
type Clause string

// Ours stands for what nobody has asked for: the project holds a target to it by its own judgement.
const Ours Clause = "ours"

// The clauses about the image under test.
const (
	Image       Clause = "suites/contract/hero_zero.md#image"
	Supervision Clause = "suites/contract/hero_zero.md#supervision"
	IssueProbe  Clause = "suites/contract/hero_zero.md#issue-probe"
	Checklist1  Clause = "suites/contract/hero_zero.md#checklist-1"
	Checklist2  Clause = "suites/contract/hero_zero.md#checklist-2"
	Checklist3  Clause = "suites/contract/hero_zero.md#checklist-3"
	Checklist4  Clause = "suites/contract/hero_zero.md#checklist-4"
	Checklist5  Clause = "suites/contract/hero_zero.md#checklist-5"
	Checklist6  Clause = "suites/contract/hero_zero.md#checklist-6"
	Bugs        Clause = "suites/contract/hero_zero.md#bugs"
	Upgrade     Clause = "suites/contract/hero_zero.md#upgrade"
)

// The clauses about zinit 0.4.
const (
	Socket           Clause = "suites/contract/zinit-0.4.md#socket"
	Model            Clause = "suites/contract/zinit-0.4.md#model"
	Errors           Clause = "suites/contract/zinit-0.4.md#errors"
	Restart          Clause = "suites/contract/zinit-0.4.md#restart"
	Delay            Clause = "suites/contract/zinit-0.4.md#delay"
	Stability        Clause = "suites/contract/zinit-0.4.md#stability"
	Status           Clause = "suites/contract/zinit-0.4.md#status"
	Health           Clause = "suites/contract/zinit-0.4.md#health"
	ProcessTree      Clause = "suites/contract/zinit-0.4.md#process-tree"
	Order            Clause = "suites/contract/zinit-0.4.md#order"
	Definitions      Clause = "suites/contract/zinit-0.4.md#definitions"
	Persistence      Clause = "suites/contract/zinit-0.4.md#persistence"
	RPCAnswers       Clause = "suites/contract/zinit-0.4.md#rpc-answers"
	Circumstances    Clause = "suites/contract/zinit-0.4.md#circumstances"
	Ends             Clause = "suites/contract/zinit-0.4.md#ends"
	RegisteredIsUsed Clause = "suites/contract/zinit-0.4.md#registered-is-used"
	Orders           Clause = "suites/contract/zinit-0.4.md#orders"
	ContainerEnd     Clause = "suites/contract/zinit-0.4.md#container-end"
	Growth           Clause = "suites/contract/zinit-0.4.md#growth"
	Exposure         Clause = "suites/contract/zinit-0.4.md#exposure"
	HostFaults       Clause = "suites/contract/zinit-0.4.md#host-faults"
	JobEnd           Clause = "suites/contract/zinit-0.4.md#job-end"
	CLI              Clause = "suites/contract/zinit-0.4.md#cli"
)

// The clauses about experiments.
const (
	Settle Clause = "suites/contract/experiments.md#settle"
	Hang   Clause = "suites/contract/experiments.md#hang"
)

// Name returns the clause without its folder: "zinit-0.4.md#delay".
func (c Clause) Name() string { return strings.TrimPrefix(string(c), "suites/contract/") }

// Link returns the clause as a Markdown link that works from the folder suites. Ours is plain text.
func (c Clause) Link() string {
	if c == Ours {
		return string(c)
	}
	file, anchor, _ := strings.Cut(c.Name(), "#")
	return "[" + strings.TrimSuffix(file, ".md") + " " + anchor + "](contract/" + c.Name() + ")"
}
