package promise

// The promises of the theme isolation.
const (
	IsolationBystanders = "isolation.bystanders"
)

func isolation() []Promise {
	return []Promise{
		{
			ID: IsolationBystanders, Sentence: "Over the whole run no service changes that nobody had faulted.",
			Source: sourceLifeOfAFault, Severity: Blocking, Throughout: true,
		},
	}
}
