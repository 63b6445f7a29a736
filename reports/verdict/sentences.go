package verdict

// rules are all rules with their weights, the heaviest first.
var rules = []struct {
	code   Code
	weight Weight
}{
	{Failed, Holds},
	{WaiverExpired, Holds},
	{Slower, Holds},
	{NoRecord, Lacks},
	{UnknownSchema, Lacks},
	{WrongDigest, Lacks},
	{Mutant, Lacks},
	{Mixed, Lacks},
	{Shards, Lacks},
	{Doubled, Lacks},
	{Incomplete, Lacks},
	{Trouble, Lacks},
	{OddFile, Lacks},
	{Clock, Lacks},
	{Stale, Lacks},
	{Contradiction, Lacks},
	{Older, Lacks},
	{OtherTarget, Lacks},
	{Limit, Lacks},
	{Quick, Lacks},
	{Filtered, Lacks},
	{NoResults, Lacks},
	{NoServices, Lacks},
	{UnknownPromise, Lacks},
	{Lowered, Lacks},
	{NotRun, Lacks},
	{Unproved, Lacks},
	{Stalled, Lacks},
	{Unconfirmed, Lacks},
	{Retried, Lacks},
	{Dry, Lacks},
	{NoLanding, Lacks},
	{Untested, Lacks},
	{FewSamples, Lacks},
	{Waived, Notes},
	{Advisory, Notes},
	{Reclassified, Notes},
	{UnusedWaiver, Notes},
	{OtherPolicy, Notes},
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
	olderRecord
	changedSince
	oddContainer
	oddRecovery
	otherAge
	otherTotals
	otherPolicy
	otherTargetFile
	otherServices
	otherLimits
	oddEvidence
	noEvidence
	strayRecovery
	otherProcess
	serviceTwice
	limitExceeded
	otherID
	otherParts
	oddPlan
	otherRepetitions
	otherGap
	otherSpan
	otherEndpoint
	otherConfirmed
	oddProof
	otherIdentity
	oddProcess
	sharedProcess
	oddPressure
	sandboxTwice
	tooFewSpecs
	mixedShards
	endlessGap
	otherPlace
	overlapping
	sharedEndpoint
	samePID
	unusedRecovery
	unaskedUpgrade

	promiseTwice
	promiseUnknownToRecord
	promiseUnlisted
	promiseLowered
	promiseOtherwise
	promiseWithoutResult
	tooFewResults
	tooFewServices
	serviceUntested
	serviceWithoutResult
	phaseSlower
	phaseSlowerAdvisory
	severityChanged
	waiverUnused

	recoveryTwice
	resultTwice
	resultMissing
	resultUnplanned
	otherTheme
	otherClock
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
	heldWithoutRecoveries
	recoveryShared
	heldByOther
	heldWithoutLanding
	heldWithoutSteady
	heldImpossibly
	heldInDisorder
	heldByTheSame
	heldThoughChanged
	heldDisturbed
	heldWithoutTerms
	heldByOddTerms
	heldWithoutWindow
	heldByWiderWindow
	heldElsewhere
	heldNowhere
	heldOutsideWindow
	heldWithoutLasting
	heldByOtherLasting
	heldByOddLasting
	oddLasting
	lastingAtOnce
)

// sentence tells a finding: its rule, the noun of its count, and a format for its values.
type sentence struct {
	code   Code
	noun   string
	format string
}

// sentences has every kind of finding. The promises and services that it concerns are told beside it.
var sentences = map[kind]sentence{
	noRecord:        {NoRecord, "record", "no record was given: name the record.json of a run"},
	otherSchema:     {UnknownSchema, "record", "the record has the schema %q: this program reads %q"},
	noDigest:        {WrongDigest, "record", "the record does not say which image was tested: its digest is %q"},
	otherDigest:     {WrongDigest, "record", "the record is of the image %s, the image to promote is %s"},
	mixedDigests:    {WrongDigest, "record", "the records are of different images: judge each image by its own records"},
	mixedTargets:    {Mixed, "record", "the records are of different targets: judge each target by its own records"},
	mutant:          {Mutant, "record", "the image was broken on purpose, by the mutant %s"},
	choices:         {Mutant, "record", "the image is a stand-in that was told what to do where the contract leaves a choice: %s"},
	unfinished:      {Incomplete, "record", "the run did not finish: what its record lacks was not checked"},
	harnessError:    {Trouble, "record", "the harness itself had an error: %s"},
	damagedFile:     {OddFile, "record", "%s"},
	noID:            {Doubled, "record", "the run has no id: it cannot be told from another run"},
	sameRunTwice:    {Doubled, "record", "more than one record is of the run %s: name each record once"},
	sameShardTwice:  {Doubled, "shard", "the record was merged from the same run twice"},
	noResults:       {NoResults, "record", "the record has no results: nothing was checked"},
	noServices:      {NoServices, "record", "the record lists no services: what the target ships is unknown"},
	otherProfile:    {Quick, "record", "the run had the profile %q: run with --profile faithful, which keeps the target's own delays"},
	scaledDown:      {Contradiction, "record", "the run was faithful, and the record says that delays were scaled down"},
	onlyFocus:       {Filtered, "record", "the run was limited by --focus %s: run without --focus"},
	onlyService:     {Filtered, "record", "the run was limited by --service %s: run without --service"},
	negativeRun:     {Contradiction, "record", "the run has a negative duration"},
	noStart:         {Clock, "record", "the run began at %s: that is not in the past"},
	futureEnd:       {Clock, "record", "the run ended at %s: that is in the future"},
	endBeforeStart:  {Clock, "record", "the run ended before it began"},
	tooOld:          {Stale, "record", "the run ended at %s: the policy takes records of the last %v; run it again"},
	notAllShards:    {Shards, "shard", "the record was not merged from all shards of one run"},
	mixedPlans:      {Shards, "record", "the records are shards of different plans: a spec may be missing in all of them"},
	oddShards:       {Shards, "record", "the records are the shards %s: name each shard of one run once, and no other record"},
	unknownShard:    {Contradiction, "result", "the result is of a shard that the record was not merged from"},
	olderRecord:     {Older, "record", "the record lacks %s: it was written by an older program, or by hand; run again"},
	changedSince:    {Contradiction, "record", "the record was changed after it was saved: run again"},
	oddContainer:    {Contradiction, "container", "the container of the sandbox %q is impossible, there twice, or of another image"},
	oddRecovery:     {Contradiction, "recovery", "the recovery %s is impossible: its times are in disorder, or not within the life of a container of its sandbox"},
	otherAge:        {Clock, "recovery", "the processes of the recovery %s are not as old as its times say"},
	otherTotals:     {Contradiction, "record", "the record does not hold as many results, recoveries and files as it counts"},
	otherPolicy:     {OtherPolicy, "record", "the run was started with another policy, sha256:%s"},
	otherTargetFile: {OtherTarget, "record", "the run was of another file of the target %s than this program has: run again"},
	otherServices:   {Contradiction, "record", "the services are not those of the target's file"},
	otherLimits:     {Contradiction, "record", "the limits are not those of the target's file"},
	oddEvidence:     {Contradiction, "file", "the file %q is impossible, there twice, or of a sandbox that was not there"},
	noEvidence:      {Contradiction, "container", "the record has no file %s of a container of the sandbox %q"},
	strayRecovery:   {Contradiction, "recovery", "the recovery %s is not of a promise, service, fault or seed of its run"},
	otherProcess:    {Contradiction, "recovery", "the recovery %s began with another process than was there before"},
	serviceTwice:    {Contradiction, "service", "the record lists the service twice, or without a name"},
	limitExceeded:   {Limit, "record", "the %s is %v: the policy allows %v"},

	otherID:          {Clock, "run", "the id of the run %q is of another form, or of another time"},
	otherParts:       {Contradiction, "record", "the record says of its run what its shards do not say"},
	oddPlan:          {Shards, "record", "the record is of a shard without a plan, or of a plan without a shard"},
	otherRepetitions: {Contradiction, "record", "%d results were measured again, and the record counts %d"},
	otherGap:         {Contradiction, "recovery", "the observer of the recovery %s waited for longer than it observed, or than the run says"},
	otherSpan:        {Clock, "run", "the containers of the run %s were not there from its beginning until its end"},
	otherEndpoint:    {Contradiction, "service", "the service serves elsewhere than the target's file says"},
	otherConfirmed:   {Contradiction, "record", "the assumption %q is there twice, or the target's file does not confirm it"},
	oddProof:         {Contradiction, "recovery", "the landing of the recovery %s has no proof that the harness writes of such a fault"},
	otherIdentity:    {Contradiction, "recovery", "the process of the recovery %s was not identified where its service serves"},
	oddProcess:       {Contradiction, "recovery", "the recovery %s has a process that cannot be"},
	sharedProcess:    {Contradiction, "recovery", "the recoveries %s and %s are of two services, and have the same process"},
	oddPressure:      {Contradiction, "recovery", "the host was busy for longer than the recovery %s was observed"},
	sandboxTwice:     {Contradiction, "result", "the result names the sandbox %q twice, or one without a name"},

	tooFewSpecs:    {Shards, "record", "the record has %d results, and its plan gave the shard %d specs"},
	mixedShards:    {Shards, "record", "the records are not shards of one run: %s"},
	endlessGap:     {Contradiction, "run", "an observer waited for longer than the run %s took"},
	otherPlace:     {Contradiction, "result", "no container of the sandbox %q was there while the result was found"},
	overlapping:    {Contradiction, "recovery", "the recoveries %s and %s are of one service, and overlap"},
	sharedEndpoint: {Contradiction, "recovery", "the recoveries %s and %s are of two services, and were identified at the same place"},
	samePID:        {Contradiction, "recovery", "the recoveries %s and %s are of two processes, which had the same pid at once"},
	unusedRecovery: {Contradiction, "result", "held, but does not stand on the recovery %s, whose fault took effect"},
	unaskedUpgrade: {Contradiction, "result", "the run names no image to upgrade from, and the record has the result of an upgrade"},

	promiseTwice:           {Contradiction, "promise", "the record lists the promise twice"},
	promiseUnknownToRecord: {UnknownPromise, "promise", "unknown to the program that wrote the record: run it again with this program"},
	promiseUnlisted:        {UnknownPromise, "result", "the result is of a promise that its record does not list"},
	promiseLowered:         {Lowered, "promise", "the record calls the promise advisory, but it is blocking"},
	promiseOtherwise:       {UnknownPromise, "promise", "the program that wrote the record asked for other evidence: run it again with this program"},
	promiseWithoutResult:   {NotRun, "promise", "not checked: the record has no result"},
	tooFewResults:          {FewSamples, "promise", "%s held or failed; the policy requires %d"},
	tooFewServices:         {FewSamples, "promise", "%d of %d services were measured; the policy requires %d"},
	serviceWithoutResult:   {NotRun, "service", "the promise is about every service, and the record has no result"},
	serviceUntested:        {Untested, "service", "no fault that took effect made the service restart"},
	phaseSlower:            {Slower, "phase", "the %s takes %s, the baseline took %s"},
	phaseSlowerAdvisory:    {Advisory, "phase", "the %s takes %s, the baseline took %s"},
	severityChanged:        {Reclassified, "promise", "the policy makes the promise %s: %s"},
	waiverUnused:           {UnusedWaiver, "waiver", "the waiver of %s excuses no failure: remove it from the policy"},

	recoveryTwice:         {Doubled, "recovery", "the record has a recovery twice"},
	resultTwice:           {Doubled, "result", "the record has the result twice"},
	resultMissing:         {NotRun, "result", "the result was due, and is missing"},
	resultUnplanned:       {Contradiction, "result", "the result was not due in this run, or is there too often"},
	otherTheme:            {Contradiction, "result", "the result is of another theme than its promise"},
	otherClock:            {Clock, "result", "the recovery was not observed while the result was found, or the fault of the host was held later"},
	otherTime:             {Clock, "result", "the time of the result is not within its run"},
	negativeResult:        {Contradiction, "result", "the result has a negative duration or number of attempts"},
	unknownOutcome:        {Contradiction, "result", "the result has the unknown outcome %q"},
	inconclusive:          {Unproved, "result", "%s"},
	hostStalled:           {Stalled, "result", "%s"},
	notRun:                {NotRun, "result", "%s"},
	failed:                {Failed, "result", "failed: %s"},
	failedAdvisory:        {Advisory, "result", "failed: %s"},
	failedOnAssumption:    {Unconfirmed, "result", "failed, but rests on the assumption %s, which the target does not confirm"},
	failedAfterWaiver:     {WaiverExpired, "result", "failed, and the waiver of %s expired after %s: %s"},
	failedButWaived:       {Waived, "result", "failed, and is waived by %s until %s: %s"},
	heldAfterRetry:        {Retried, "result", "held only after a retry"},
	heldWithoutRun:        {Dry, "result", "held without having run"},
	heldDuringStall:       {Stalled, "result", "held while the host stalled"},
	heldWithFailure:       {Contradiction, "result", "held, but the record has the text of a failure"},
	heldWithoutRecovery:   {NoLanding, "result", "held, but the record lacks the recovery"},
	heldWithoutLanding:    {NoLanding, "result", "held, but nothing shows that the fault took effect"},
	heldWithoutRecoveries: {NoLanding, "result", "held on %d recoveries; the promise needs %d"},
	recoveryShared:        {Contradiction, "result", "held, but another result stands on its recovery %s as well"},
	heldByOther:           {Contradiction, "result", "held, but its recovery %s is of another promise, service, fault, seed or shard"},
	heldWithoutSteady:     {NoLanding, "result", "held, but nothing shows that the service was healthy before %s"},
	heldImpossibly:        {Contradiction, "result", "held, but the times of its recovery %s are impossible"},
	heldInDisorder:        {Contradiction, "result", "held, but its recovery %s does not follow the one before"},
	heldByTheSame:         {Contradiction, "result", "held, but its recovery %s does not show that another process serves"},
	heldThoughChanged:     {Contradiction, "result", "held, but its recovery %s does not show that nothing changed for as long as it had to"},
	heldDisturbed:         {Contradiction, "result", "held, but another service changed during its recovery %s"},
	heldWithoutTerms:      {Older, "result", "held, but the record does not say by which policy its recovery was due"},
	heldByOddTerms:        {Contradiction, "result", "held, but the terms of its recovery %s are impossible, or not those of its run"},
	heldWithoutWindow:     {Contradiction, "result", "held, but its recovery %s was not held to a time limit for the phase %s"},
	heldByWiderWindow:     {Contradiction, "result", "held, but its recovery %s was held to a wider time limit for the phase %s than its policy gives"},
	heldElsewhere:         {Contradiction, "result", "held, but no container of the sandbox %q was there"},
	heldNowhere:           {Contradiction, "result", "held, but the record does not say in which sandbox"},
	heldOutsideWindow:     {Contradiction, "result", "held, but its recovery %s is outside the time limit for the phase %s"},
	heldWithoutLasting:    {NoLanding, "result", "held, but nothing shows that a fault of the host took effect and was taken back"},
	heldByOtherLasting:    {Contradiction, "result", "held, but its fault of the host, %s, is not the one that the result is about, or was in another sandbox"},
	heldByOddLasting:      {Contradiction, "result", "held, but the times of its fault of the host, %s, are in disorder"},
	oddLasting:            {Contradiction, "result", "the fault of the host %s was not held within the life of a container of its sandbox"},
	lastingAtOnce:         {Contradiction, "result", "the faults of the host %s and %s were held at the same time in one sandbox"},
}
