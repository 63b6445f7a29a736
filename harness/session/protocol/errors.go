package protocol

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/creachadair/jrpc2"
	"github.com/creachadair/jrpc2/handler"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/wire"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// codeInconclusive is the code of an error whose data is a record.Cause.
const codeInconclusive jrpc2.Code = -32050

// errorCodes are the codes of the errors that a client tells apart.
var errorCodes = map[jrpc2.Code]error{-32051: zinit.ErrNotExpressible, -32052: wire.ErrLinkEnded}

// remoteError is an error of the owner that keeps its text and its identity.
type remoteError struct{ text, is error }

func (e remoteError) Error() string   { return e.text.Error() }
func (e remoteError) Unwrap() []error { return []error{e.text, e.is} }

// WithErrors returns the methods with errors that keep their type on the way to the client.
func WithErrors(methods handler.Map) handler.Map {
	typed := handler.Map{}
	for name, method := range methods {
		typed[name] = func(ctx context.Context, request *jrpc2.Request) (any, error) {
			result, err := method(ctx, request)
			return result, EncodeError(err)
		}
	}
	return typed
}

// EncodeError gives an error that a client tells apart the code and the data by which it does.
func EncodeError(err error) error {
	var inconclusive *recovery.Inconclusive
	if errors.As(err, &inconclusive) {
		return (&jrpc2.Error{Code: codeInconclusive, Message: err.Error()}).WithData(inconclusive.Cause)
	}
	for code, known := range errorCodes {
		if errors.Is(err, known) {
			return &jrpc2.Error{Code: code, Message: err.Error()}
		}
	}
	return err
}

// DecodeError gives an error that came from the owner its type back.
func DecodeError(err error) error {
	var reply *jrpc2.Error
	if !errors.As(err, &reply) {
		return err
	}
	if reply.Code == codeInconclusive {
		var cause record.Cause
		if json.Unmarshal(reply.Data, &cause) == nil {
			return &recovery.Inconclusive{Cause: cause}
		}
	}
	if known, ok := errorCodes[reply.Code]; ok {
		return remoteError{text: err, is: known}
	}
	return err
}
