package zinit

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/dialect"
)

// writeRequests returns the documents that ask for a method in an envelope: the greeting, if one has to come first, and the request.
func writeRequests(how dialect.Envelope, method string, params any) ([][]byte, error) {
	var documents [][]byte
	if how.Hello != "" {
		const anotherID = 2 // its reply is passed over
		greeting, err := writeRequest(how, anotherID, how.Hello, map[string]any{})
		if err != nil {
			return nil, err
		}
		documents = append(documents, greeting)
	}
	request, err := writeRequest(how, 1, method, params)
	return append(documents, request), err
}

func writeRequest(how dialect.Envelope, id int, method string, params any) ([]byte, error) {
	request := map[string]any{"jsonrpc": "2.0", "method": method}
	if params != nil {
		request["params"] = params
	}
	if how.Method != "" {
		request = map[string]any{}
		members, isObject := params.(map[string]any)
		if params != nil && !isObject {
			return nil, fmt.Errorf("%w: there is no place for parameters by position beside %s", ErrNotExpressible, how.Method)
		}
		for name, value := range members {
			request[name] = value
		}
		if _, taken := request["id"]; taken || request[how.Method] != nil {
			return nil, fmt.Errorf("%w: a parameter is called as a member of the request is", ErrNotExpressible)
		}
		request[how.Method] = method
	}
	request["id"] = id
	if how.TextID {
		request["id"] = fmt.Sprint(id)
	}
	var whole any = request
	if how.Batch {
		whole = []any{request}
	}
	document, err := json.Marshal(whole)
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", method, err)
	}
	return document, nil
}

// The words by which a reply says whether what was asked for was done.
var (
	doneWords   = []string{"ok", "success", "done"}
	failedWords = []string{"error", "err", "fail", "failed", "failure"}
)

// readOutcome reads a reply that says whether it failed in members of its own, as {"status": "error", "reason": "..."}, {"success": false} or
// {"errorCode": 7}. known is false if it says nothing of the kind.
func readOutcome(raw json.RawMessage) (result json.RawMessage, refused *rpcError, known bool) {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return nil, nil, false
	}
	rest := map[string]json.RawMessage{}
	failed, reason, code := false, "", 0
	for name, value := range members {
		var text string
		isText := json.Unmarshal(value, &text) == nil
		var number int
		isNumber := isGiven(value) && json.Unmarshal(value, &number) == nil
		switch key := strings.ToLower(strings.ReplaceAll(name, "_", "")); {
		case (key == "success" || key == "ok") && (string(value) == "true" || string(value) == "false"):
			known, failed = true, failed || string(value) == "false"
		case (key == "status" || key == "state") && isText && slices.Contains(slices.Concat(doneWords, failedWords), strings.ToLower(text)):
			known, failed = true, failed || slices.Contains(failedWords, strings.ToLower(text))
		case (key == "errorcode" || key == "errno" || key == "code") && isNumber:
			known, failed, code = true, failed || number != 0, number
		case slices.Contains([]string{"reason", "message", "errormessage", "detail", "content"}, key) && isText:
			reason = text
			rest[name] = value
		case slices.Contains([]string{"response", "content", "result", "data"}, key):
			result = firstGiven(result, value)
		case key != "id" && key != "jsonrpc":
			rest[name] = value
		}
	}
	switch {
	case !known:
		return nil, nil, false
	case failed:
		return nil, &rpcError{Code: &code, Message: reason}, true
	case len(result) == 0:
		result, _ = json.Marshal(rest)
	}
	return result, nil, true
}
