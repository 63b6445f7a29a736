package record

// Advice says of a promise why it matters, what usually breaks it, and what to change. A name in braces stands for a value of the image
// (reports/advice).
type Advice struct {
	Why    string `json:"why"`
	Cause  string `json:"cause"`
	Change string `json:"change"`
}
