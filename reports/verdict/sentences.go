package verdict

// rules are all rules with their weights, the heaviest first.
var rules = []struct {
	code   Code
	weight Weight
}{
	{Failed, Holds}, {WaiverExpired, Holds}, {Slower, Holds},
	{NoRecord, Lacks}, {UnknownSchema, Lacks}, {WrongDigest, Lacks}, {Mutant, Lacks}, {Mixed, Lacks}, {Shards, Lacks},
	{Doubled, Lacks}, {Incomplete, Lacks}, {Trouble, Lacks}, {OddFile, Lacks}, {Clock, Lacks}, {Stale, Lacks},
	{Contradiction, Lacks}, {Quick, Lacks}, {Filtered, Lacks}, {NoResults, Lacks}, {NoServices, Lacks},
	{UnknownPromise, Lacks}, {Lowered, Lacks}, {NotRun, Lacks}, {Unproved, Lacks}, {Stalled, Lacks}, {Unconfirmed, Lacks},
	{Retried, Lacks}, {Dry, Lacks}, {NoLanding, Lacks}, {Untested, Lacks}, {FewSamples, Lacks},
	{Waived, Notes}, {Advisory, Notes}, {Reclassified, Notes}, {UnusedWaiver, Notes},
}

// kind tells the findings of one rule apart.
type kind int

// The kinds, as sentences lists them.
const (
	noRecord kind = iota
	otherSchema
	noDigest
	otherDigest
	mixedDigests
	mixedTargets
	mutant
	choices
	unfinished
	harnessError
	damagedFile
	noID
	sameRunTwice
	sameShardTwice
	noResults
	noServices
	otherProfile
	scaledDown
	onlyFocus
	onlyService
	negativeRun
	noStart
	futureEnd
	endBeforeStart
	tooOld
	notAllShards
	mixedPlans
	oddShards
	unknownShard

	promiseTwice
	promiseUnknownToRecord
	promiseUnlisted
	promiseLowered
	promiseWithoutResult
	tooFewResults
	tooFewServices
	serviceUntested
	phaseSlower
	phaseSlowerAdvisory
	severityChanged
	waiverUnused

	recoveryTwice
	resultTwice
	otherTime
	negativeResult
	unknownOutcome
	inconclusive
	hostStalled
	notRun
	failed
	failedAdvisory
	failedOnAssumption
	failedAfterWaiver
	failedButWaived
	heldAfterRetry
	heldWithoutRun
	heldDuringStall
	heldWithFailure
	heldWithoutRecovery
	heldWithoutLanding
	heldImpossibly
	heldOutsideWindow
)

// sentence tells a finding: its rule, the noun of its count, and a format for its values.
type sentence struct {
	code   Code
	noun   string
	format string
}

// sentences has every kind of finding. The promises and services that it concerns are told beside it.
var sentences = map[kind]sentence{
	noRecord:       {NoRecord, "record", "no record was given: name the record.json of a run"},
	otherSchema:    {UnknownSchema, "record", "the record has the schema %q: this program reads %q"},
	noDigest:       {WrongDigest, "record", "the record does not say which image was tested: its digest is %q"},
	otherDigest:    {WrongDigest, "record", "the record is of the image %s, the image to promote is %s"},
	mixedDigests:   {WrongDigest, "record", "the records are of different images: judge each image by its own records"},
	mixedTargets:   {Mixed, "record", "the records are of different targets: judge each target by its own records"},
	mutant:         {Mutant, "record", "the image was broken on purpose, by the mutant %s"},
	choices:        {Mutant, "record", "the image is a stand-in that was told what to do where the contract leaves a choice: %s"},
	unfinished:     {Incomplete, "record", "the run did not finish: what its record lacks was not checked"},
	harnessError:   {Trouble, "record", "the harness itself had an error: %s"},
	damagedFile:    {OddFile, "record", "%s"},
	noID:           {Doubled, "record", "the run has no id: it cannot be told from another run"},
	sameRunTwice:   {Doubled, "record", "more than one record is of the run %s: name each record once"},
	sameShardTwice: {Doubled, "shard", "the record was merged from the same run twice"},
	noResults:      {NoResults, "record", "the record has no results: nothing was checked"},
	noServices:     {NoServices, "record", "the record lists no services: what the target ships is unknown"},
	otherProfile:   {Quick, "record", "the run had the profile %q: run with --profile faithful, which keeps the target's own delays"},
	scaledDown:     {Contradiction, "record", "the run was faithful, and the record says that delays were scaled down"},
	onlyFocus:      {Filtered, "record", "the run was limited by --focus %s: run without --focus"},
	onlyService:    {Filtered, "record", "the run was limited by --service %s: run without --service"},
	negativeRun:    {Contradiction, "record", "the run has a negative duration"},
	noStart:        {Clock, "record", "the run began at %s: that is not in the past"},
	futureEnd:      {Clock, "record", "the run ended at %s: that is in the future"},
	endBeforeStart: {Clock, "record", "the run ended before it began"},
	tooOld:         {Stale, "record", "the run ended at %s: the policy takes records of the last %v; run it again"},
	notAllShards:   {Shards, "shard", "the record was not merged from all shards of one run"},
	mixedPlans:     {Shards, "record", "the records are shards of different plans: a spec may be missing in all of them"},
	oddShards:      {Shards, "record", "the records are the shards %s: name each shard of one run once, and no other record"},
	unknownShard:   {Contradiction, "result", "the result is of a shard that the record was not merged from"},

	promiseTwice:           {Contradiction, "promise", "the record lists the promise twice"},
	promiseUnknownToRecord: {UnknownPromise, "promise", "unknown to the program that wrote the record: run it again with this program"},
	promiseUnlisted:        {UnknownPromise, "result", "the result is of a promise that its record does not list"},
	promiseLowered:         {Lowered, "promise", "the record calls the promise advisory, but it is blocking"},
	promiseWithoutResult:   {NotRun, "promise", "not checked: the record has no result"},
	tooFewResults:          {FewSamples, "promise", "%s held or failed; the policy requires %d"},
	tooFewServices:         {FewSamples, "promise", "%d of %d services were measured; the policy requires %d"},
	serviceUntested:        {Untested, "service", "no fault that took effect made the service restart"},
	phaseSlower:            {Slower, "phase", "the %s takes %s, the baseline took %s"},
	phaseSlowerAdvisory:    {Advisory, "phase", "the %s takes %s, the baseline took %s"},
	severityChanged:        {Reclassified, "promise", "the policy makes the promise %s: %s"},
	waiverUnused:           {UnusedWaiver, "waiver", "the waiver of %s excuses no failure: remove it from the policy"},

	recoveryTwice:       {Doubled, "recovery", "the record has a recovery twice"},
	resultTwice:         {Doubled, "result", "the record has the result twice"},
	otherTime:           {Clock, "result", "the time of the result is not within its run"},
	negativeResult:      {Contradiction, "result", "the result has a negative duration or number of attempts"},
	unknownOutcome:      {Contradiction, "result", "the result has the unknown outcome %q"},
	inconclusive:        {Unproved, "result", "%s"},
	hostStalled:         {Stalled, "result", "%s"},
	notRun:              {NotRun, "result", "%s"},
	failed:              {Failed, "result", "failed: %s"},
	failedAdvisory:      {Advisory, "result", "failed: %s"},
	failedOnAssumption:  {Unconfirmed, "result", "failed, but rests on the assumption %s, which the target does not confirm"},
	failedAfterWaiver:   {WaiverExpired, "result", "failed, and the waiver of %s expired after %s: %s"},
	failedButWaived:     {Waived, "result", "failed, and is waived by %s until %s: %s"},
	heldAfterRetry:      {Retried, "result", "held only after a retry"},
	heldWithoutRun:      {Dry, "result", "held without having run"},
	heldDuringStall:     {Stalled, "result", "held while the host stalled"},
	heldWithFailure:     {Contradiction, "result", "held, but the record has the text of a failure"},
	heldWithoutRecovery: {NoLanding, "result", "held, but the record lacks the recovery"},
	heldWithoutLanding:  {NoLanding, "result", "held, but nothing shows that the fault took effect"},
	heldImpossibly:      {Contradiction, "result", "held, but its recovery has impossible times, or is of another promise"},
	heldOutsideWindow:   {Contradiction, "result", "held, but its recovery is outside its time limits"},
}
