package zinit

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// strangeReply is a reply as supervisors write it that take JSON-RPC less literally. Members have their names in any case.
type strangeReply struct {
	ID     json.RawMessage `json:"id"` // a number, or the same as a text
	Method string          `json:"method"`
	// The result is the first of these that is no null.
	Result json.RawMessage `json:"result"`
	Data   json.RawMessage `json:"data"`
	OK     json.RawMessage `json:"ok"`
	// The error is the first of these that is no null: an object, or a text.
	Error json.RawMessage `json:"error"`
	Err   json.RawMessage `json:"err"`
}

// readEnvelope reads a reply, be it the only one of a batch. It does without "jsonrpc", which tells nothing beside the id of the request. noID says
// that a reply need not have one.
func readEnvelope(raw json.RawMessage, noID bool) (*envelope, error) {
	raw = trimFractions(raw)
	var batch []json.RawMessage
	if json.Unmarshal(raw, &batch) == nil && len(batch) == 1 {
		raw = batch[0]
	}
	var reply strangeReply
	if err := json.Unmarshal(raw, &reply); err != nil {
		return nil, fmt.Errorf("the reply %s is not a JSON-RPC object: %w", excerpt(raw), err)
	}
	read := &envelope{Version: "2.0", ID: bytes.Trim(reply.ID, `"`), Method: reply.Method, Result: firstGiven(reply.Result, reply.Data, reply.OK)}
	if refusal := firstGiven(reply.Error, reply.Err); isGiven(refusal) {
		read.Error = readRefusal(refusal)
	}
	if noID && len(read.ID) == 0 {
		read.ID = json.RawMessage(onlyID)
	}
	if read.Error == nil && read.Method == "" && len(read.ID) > 0 && (!isGiven(read.Result) || string(reply.OK) == "false") {
		if result, refused, known := readOutcome(raw); known {
			read.Result, read.Error = result, refused
		}
	}
	return read, read.check()
}

// readRefusal reads an error: a text, or an object that may lack a code or have a word for it.
func readRefusal(raw json.RawMessage) *rpcError {
	refused := &rpcError{Code: new(int), Message: string(raw)}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		refused.Message = text
		return refused
	}
	var object struct {
		Code    any             `json:"code"`
		Message string          `json:"message"`
		Data    json.RawMessage `json:"data"`
	}
	if json.Unmarshal(raw, &object) != nil {
		return refused
	}
	refused.Message, refused.Data = cmp.Or(object.Message, string(raw)), object.Data
	switch code := object.Code.(type) {
	case float64:
		*refused.Code = int(code)
	case string:
		if number, err := strconv.Atoi(code); err == nil {
			*refused.Code = number
		} else {
			refused.Message = code + ": " + refused.Message
		}
	}
	return refused
}

// refusalIn returns the refusal that a result holds, as {"ok": false, "error": "..."} or {"Err": "..."}; nil if it holds none.
func refusalIn(result json.RawMessage) *rpcError {
	var members map[string]json.RawMessage
	if json.Unmarshal(result, &members) != nil {
		return nil
	}
	failed := false
	var reason json.RawMessage
	for name, value := range members {
		switch strings.ToLower(name) {
		case "ok", "success":
			failed = failed || string(value) == "false"
		case "err", "error":
			reason = firstGiven(reason, value)
		}
	}
	if isGiven(reason) && (failed || len(members) == 1) {
		return readRefusal(reason)
	}
	return nil
}

// readTriple reads a result that is a code, a message and what was asked for, as [0, "ok", {...}]. Any other code than 0 is a refusal.
func readTriple(result json.RawMessage) (data json.RawMessage, refused *rpcError, isTriple bool) {
	const parts = 3
	var list []json.RawMessage
	if json.Unmarshal(result, &list) != nil || len(list) != parts {
		return nil, nil, false
	}
	var code int
	var message string
	if json.Unmarshal(list[0], &code) != nil || string(list[0]) == "null" || json.Unmarshal(list[1], &message) != nil {
		return nil, nil, false
	}
	if code != 0 {
		return nil, &rpcError{Code: &code, Message: message, Data: list[2]}, true
	}
	return list[2], nil, true
}

// firstGiven returns the first value that is there and no null, else a null if there is one.
func firstGiven(values ...json.RawMessage) (given json.RawMessage) {
	for _, value := range values {
		if isGiven(value) {
			return value
		}
		if len(value) > 0 {
			given = value
		}
	}
	return given
}

func isGiven(value json.RawMessage) bool { return len(value) > 0 && string(value) != "null" }
