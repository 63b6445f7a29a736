// Package telemetry sends the recoveries of a run to an OpenTelemetry collector, as spans over OTLP/HTTP in JSON. The spans are made from
// the record, so that they say what it says.
package telemetry

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// The variables by which OpenTelemetry is told where to send spans, and with which headers.
const (
	EndpointVariable       = "OTEL_EXPORTER_OTLP_ENDPOINT"
	TracesEndpointVariable = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
	HeadersVariable        = "OTEL_EXPORTER_OTLP_HEADERS"
)

const (
	// sendTimeout bounds one request to the collector.
	sendTimeout = 10 * time.Second
	// batchSize is the number of recoveries of a request.
	batchSize = 200
)

type request struct {
	ResourceSpans []resourceSpans `json:"resourceSpans"`
}

type resourceSpans struct {
	Resource   resource     `json:"resource"`
	ScopeSpans []scopeSpans `json:"scopeSpans"`
}

type resource struct {
	Attributes []attribute `json:"attributes"`
}

type scopeSpans struct {
	Scope scope  `json:"scope"`
	Spans []span `json:"spans"`
}

type scope struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
}

type span struct {
	TraceID      string      `json:"traceId"`
	SpanID       string      `json:"spanId"`
	ParentSpanID string      `json:"parentSpanId,omitempty"`
	Name         string      `json:"name"`
	Kind         int         `json:"kind"`
	Start        string      `json:"startTimeUnixNano"`
	End          string      `json:"endTimeUnixNano"`
	Attributes   []attribute `json:"attributes"`
	Status       *status     `json:"status,omitempty"`
}

type status struct {
	Code    int    `json:"code"`
	Message string `json:"message,omitempty"`
}

type attribute struct {
	Key   string `json:"key"`
	Value value  `json:"value"`
}

type value struct {
	String string `json:"stringValue"`
}

// The kinds and codes of OTLP that are used.
const (
	kindInternal = 1
	codeOK       = 1
	codeError    = 2
)

// Endpoint returns where spans go by the environment; empty if nowhere.
func Endpoint(getenv func(string) string) string {
	if traces := getenv(TracesEndpointVariable); traces != "" {
		return traces
	}
	if base := getenv(EndpointVariable); base != "" {
		return strings.TrimSuffix(base, "/") + "/v1/traces"
	}
	return ""
}

// Send sends the recoveries of a run, if the environment names a collector. It returns how many spans there were.
func Send(ctx context.Context, r *record.Record, getenv func(string) string) (int, error) {
	endpoint := Endpoint(getenv)
	if endpoint == "" {
		return 0, nil
	}
	address, err := url.Parse(endpoint)
	if err != nil || address.Host == "" || address.Scheme != "http" && address.Scheme != "https" {
		return 0, fmt.Errorf("send spans: $%s is no address of a collector: write http://localhost:4318", EndpointVariable)
	}
	spans := spansOf(r)
	for batch := range slices.Chunk(spans, batchSize) {
		if err := post(ctx, endpoint, headers(getenv(HeadersVariable)), newRequest(r.Run, batch)); err != nil {
			return 0, err
		}
	}
	return len(spans), nil
}

func newRequest(run record.Run, spans []span) request {
	return request{[]resourceSpans{{
		Resource: resource{[]attribute{
			text("service.name", "hero_chaos"), text("hero_chaos.run", run.ID), text("hero_chaos.target", run.Target), text("container.image.name", run.Image),
			text("container.image.id", run.Digest), text("hero_chaos.profile", run.Profile),
		}},
		ScopeSpans: []scopeSpans{{scope{"hero_chaos", run.Version}, spans}},
	}}}
}

// spansOf returns a span for each recovery, and below it one for each phase. Their lengths are those of the record. The agent's clock is
// not the wall clock: the first recovery of a result begins with the result.
func spansOf(r *record.Record) (spans []span) {
	byID := map[string]record.Recovery{}
	for _, recovery := range r.Recoveries {
		byID[recovery.ID] = recovery
	}
	for _, result := range r.Results {
		var found []record.Recovery
		for _, id := range result.Recoveries {
			if recovery, ok := byID[id]; ok {
				found = append(found, recovery)
			}
		}
		slices.SortStableFunc(found, func(one, other record.Recovery) int { return cmp.Compare(one.Injected.Lo, other.Injected.Lo) })
		for _, recovery := range found {
			wall := func(point int64) string {
				return strconv.FormatInt(result.Started.UnixNano()+point-found[0].Injected.Lo, 10)
			}
			spans = append(spans, spansOfRecovery(r.Run, result, recovery, wall)...)
		}
	}
	return spans
}

func spansOfRecovery(run record.Run, result record.Result, recovery record.Recovery, wall func(int64) string) []span {
	trace := identify(16, run.ID, "trace")
	parent := identify(8, run.ID, recovery.Shard, recovery.ID)
	end := max(recovery.Observed.Hi, recovery.Injected.Hi)
	if recovery.Serving != nil {
		end = recovery.Serving.Hi
	}
	whole := span{
		TraceID: trace, SpanID: parent, Name: recovery.Promise + " " + recovery.Fault, Kind: kindInternal, Start: wall(recovery.Injected.Lo), End: wall(end),
		Attributes: []attribute{
			text("hero_chaos.promise", recovery.Promise), text("hero_chaos.service", recovery.Service), text("hero_chaos.fault", recovery.Fault),
			text("hero_chaos.recovery", recovery.ID), text("hero_chaos.outcome", string(result.Outcome)), text("hero_chaos.policy", recovery.Policy),
		},
	}
	switch result.Outcome {
	case record.Held:
		whole.Status = &status{Code: codeOK}
	case record.Failed:
		headline, _, _ := strings.Cut(result.Failure, "\n")
		whole.Status = &status{codeError, headline}
	case record.Inconclusive, record.NotRun: // neither
	}
	spans := []span{whole}
	for _, phase := range record.Phases() {
		from, until := recovery.At(phase.From), recovery.At(phase.Name)
		if from == nil || until == nil {
			continue
		}
		spans = append(spans, span{
			TraceID: trace, SpanID: identify(8, run.ID, recovery.Shard, recovery.ID, phase.Name), ParentSpanID: parent, Name: phase.Title + " " + phase.After, Kind: kindInternal,
			Start: wall(from.Lo), End: wall(until.Hi), Attributes: []attribute{text("hero_chaos.phase", phase.Name)},
		})
	}
	return spans
}

func text(key, content string) attribute { return attribute{key, value{content}} }

// identify returns an id of so many bytes that follows from the parts, in hexadecimal.
func identify(size int, parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:size])
}

// headers reads the headers of the environment: key=value, separated by commas, with values as in a URL.
func headers(list string) http.Header {
	found := http.Header{}
	for pair := range strings.SplitSeq(list, ",") {
		key, content, ok := strings.Cut(pair, "=")
		if decoded, err := url.PathUnescape(strings.TrimSpace(content)); ok && err == nil {
			found.Set(strings.TrimSpace(key), decoded)
		}
	}
	return found
}

// post sends a request. Its error has no header: one may be a secret.
func post(ctx context.Context, endpoint string, with http.Header, body request) error {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	content, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("send spans: %w", err)
	}
	made, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, bytes.NewReader(content))
	if err != nil {
		return fmt.Errorf("send spans: %w", err)
	}
	made.Header = with
	made.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(made)
	if err != nil {
		return fmt.Errorf("send spans: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<20))
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("send spans: the collector answers %d %s", response.StatusCode, http.StatusText(response.StatusCode))
	}
	return nil
}
