package promise

// The promises of the theme hang.
const (
	HangDetected     = "hang.detected"
	HangControl      = "hang.control"
	HangUnsoundProbe = "hang.unsound-probe"
)

func hang() []Promise {
	return []Promise{
		{
			ID: HangDetected, Sentence: "A service that hangs fails its health check, and is replaced by one that serves.",
			Source: sourceChecklist + "4", Severity: Blocking,
		},
		{
			ID: HangControl, Sentence: "A service that hangs and has no health check stays as it is: what recovers the others is the check.",
			Source: sourceCausalEvidence, Severity: Blocking,
		},
		{
			ID: HangUnsoundProbe, Sentence: "The probe as the issue writes it misses a service that hangs: it ends with 0.",
			Source: sourceUnsoundProbe, Severity: Advisory,
		},
	}
}
