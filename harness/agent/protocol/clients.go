package protocol

import (
	"context"
	"time"
)

// MethodClients plays clients that misbehave.
const MethodClients = "clients.play"

// Manner names the behaviour of the clients of a socket.
type Manner string

// The manners.
const (
	ClientsSilent  Manner = "silent"  // connect, and say nothing
	ClientsHalf    Manner = "half"    // send half a request
	ClientsSlow    Manner = "slow"    // send requests, and read no reply
	ClientsGone    Manner = "gone"    // send a request or half of one, and leave before the reply
	ClientsGarbage Manner = "garbage" // send what is no request
	ClientsHuge    Manner = "huge"    // send a request of 64 MB
	ClientsMany    Manner = "many"    // say nothing, and ask at the end of the period
	ClientsAtOnce  Manner = "at-once" // all ask at the same time
)

// ClientsParams asks for clients of a socket or port.
type ClientsParams struct {
	Endpoint Endpoint `json:"endpoint"`
	Manner   Manner   `json:"manner"`
	// Count is the number of clients at the same time.
	Count int `json:"count"`
	// Request is a valid request in its framing.
	Request []byte `json:"request"`
	// Period is the time for which they stay, in nanoseconds.
	Period time.Duration `json:"period_ns"`
	// Seed makes garbage repeatable.
	Seed int64 `json:"seed"`
}

// ClientsResult counts the clients by what they have met.
type ClientsResult struct {
	Connected int `json:"connected"`
	// Refused are those without a connection, and those whose connection the server closed before they had asked.
	Refused int `json:"refused"`
	// Answered are those that got a reply to a whole request, and Unanswered those that waited for one in vain.
	Answered   int `json:"answered"`
	Unanswered int `json:"unanswered"`
	// Sent is the number of bytes that the server has taken.
	Sent int64 `json:"sent"`
}

// PlayClients plays clients, and returns when all have left.
func (c Client) PlayClients(ctx context.Context, params ClientsParams) (ClientsResult, error) {
	return call[ClientsResult](ctx, c, MethodClients, params)
}
