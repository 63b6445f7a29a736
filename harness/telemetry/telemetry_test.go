package telemetry_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/telemetry"
)

// received holds the part of a request that the test reads.
type received struct {
	ResourceSpans []struct {
		ScopeSpans []struct {
			Spans []struct {
				TraceID, SpanID, ParentSpanID, Name string
				StartTimeUnixNano, EndTimeUnixNano  string
				Status                              struct{ Code int }
			}
		}
	}
}

func example() *record.Record {
	ms := func(n int64) *record.Interval { return &record.Interval{Lo: n * 1_000_000, Hi: n*1_000_000 + 500} }
	r := &record.Record{Run: record.Run{ID: "r1", Target: "embedded"}}
	for _, service := range []string{"user.a", "user.b"} {
		id := "restart.sigterm/" + service + "#1"
		recovery := record.Recovery{
			ID: id, Promise: "restart.sigterm", Service: service, Fault: "SIGTERM", Injected: *ms(100), Exited: ms(101), Noticed: ms(102),
			Respawned: ms(5101), Accepting: ms(5120), Serving: ms(5121),
		}
		outcome := record.Held
		if service == "user.b" {
			recovery.Respawned, recovery.Accepting, recovery.Serving, outcome = nil, nil, nil, record.Failed
		}
		r.Recoveries = append(r.Recoveries, recovery)
		r.Results = append(r.Results, record.Result{
			Promise: "restart.sigterm", Service: service, Outcome: outcome, Recoveries: []string{id}, Started: time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC),
		})
	}
	return r
}

// TestSpansAreAsLongAsThePhases sends a record to a collector and compares what arrives with the record.
func TestSpansAreAsLongAsThePhases(t *testing.T) {
	g := gomega.NewWithT(t)
	var got received
	var header http.Header
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.Expect(r.URL.Path).To(gomega.Equal("/v1/traces"))
		header = r.Header
		g.Expect(json.NewDecoder(r.Body).Decode(&got)).To(gomega.Succeed())
		_, _ = w.Write([]byte("{}"))
	}))
	defer collector.Close()
	r := example()
	sent, err := telemetry.Send(t.Context(), r, func(name string) string {
		return map[string]string{telemetry.EndpointVariable: collector.URL + "/", telemetry.HeadersVariable: "x-key=a%20b"}[name]
	})
	g.Expect(err).NotTo(gomega.HaveOccurred())
	g.Expect(header.Get("X-Key")).To(gomega.Equal("a b"))
	spans := got.ResourceSpans[0].ScopeSpans[0].Spans
	g.Expect(spans).To(gomega.HaveLen(sent))
	g.Expect(sent).To(gomega.Equal(6 + 3))
	parents, ids := map[string]bool{}, map[string]bool{}
	lengths := map[string][]time.Duration{}
	for _, span := range spans {
		from, _ := strconv.ParseInt(span.StartTimeUnixNano, 10, 64)
		until, _ := strconv.ParseInt(span.EndTimeUnixNano, 10, 64)
		lengths[span.Name] = append(lengths[span.Name], time.Duration(until-from))
		g.Expect(ids[span.SpanID]).To(gomega.BeFalse(), "the id of a span is its own")
		ids[span.SpanID] = true
		if span.ParentSpanID == "" {
			parents[span.SpanID] = true
		} else {
			g.Expect(parents[span.ParentSpanID]).To(gomega.BeTrue())
		}
		g.Expect(span.TraceID).To(gomega.HaveLen(32))
	}
	for _, phase := range record.Phases() {
		var want []time.Duration
		for _, recovery := range r.Recoveries {
			if took, ok := recovery.Took(phase); ok {
				want = append(want, took)
			}
		}
		g.Expect(lengths[phase.Title+" "+phase.After]).To(gomega.Equal(want), phase.Name)
	}
	g.Expect(spans[0].Status.Code).To(gomega.Equal(1))
	g.Expect(spans[6].Status.Code).To(gomega.Equal(2))
}

func TestNothingIsSentUnasked(t *testing.T) {
	if sent, err := telemetry.Send(t.Context(), example(), func(string) string { return "" }); sent != 0 || err != nil {
		t.Errorf("%d, %v", sent, err)
	}
	for _, endpoint := range []string{"nonsense", "http://127.0.0.1:1"} {
		_, err := telemetry.Send(t.Context(), example(), func(name string) string {
			return map[string]string{telemetry.EndpointVariable: endpoint, telemetry.HeadersVariable: "authorization=s3cret"}[name]
		})
		if err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
}
