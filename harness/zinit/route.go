package zinit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/dialect"
)

// exchangeRoute sends the request of a route. An error of HTTP is a refusal.
func exchangeRoute(conn net.Conn, request *http.Request) (*envelope, error) {
	response, err := send(conn, request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("read the reply: %w", err)
	}
	if response.StatusCode >= http.StatusMultipleChoices {
		return &envelope{Error: readStatusError(response.StatusCode, body)}, nil
	}
	return &envelope{Result: readBody(body)}, nil
}

// routeRequest returns the request for a route of HTTP, as "PUT /services/{name}". Parameters that the path names fill it. The others are the
// query of GET and DELETE, else the body.
func routeRequest(route string, params any) (*http.Request, error) {
	verb, path, ok := strings.Cut(route, " ")
	if !ok {
		return nil, fmt.Errorf("%q is no route: write a verb of HTTP and a path, as \"GET /services/{name}\"", route)
	}
	rest := params
	if object, isObject := params.(map[string]any); isObject {
		others := map[string]any{}
		for key, value := range object {
			switch {
			case !dialect.IsInPath(key):
				others[key] = value
			case !strings.Contains(path, key):
				return nil, fmt.Errorf("the path of %s has no %s", route, key)
			default:
				path = strings.ReplaceAll(path, key, url.PathEscape(fmt.Sprint(value)))
			}
		}
		rest = others
	}
	if strings.Contains(path, "{") {
		return nil, fmt.Errorf("nothing fills the braces of %s", route)
	}
	body := []byte("{}")
	if members, isObject := rest.(map[string]any); verb == http.MethodGet || verb == http.MethodDelete {
		if rest != nil && !isObject {
			return nil, errors.New("a query has no parameters by position")
		}
		if body = nil; len(members) > 0 {
			path += "?" + query(members)
		}
	} else if rest != nil {
		var err error
		if body, err = json.Marshal(rest); err != nil {
			return nil, fmt.Errorf("write %s: %w", route, err)
		}
	}
	return newRequest(verb, path, body)
}

// query returns parameters as the query of an address.
func query(members map[string]any) string {
	values := url.Values{}
	for key, value := range members {
		switch value.(type) {
		case map[string]any, []any:
			text, _ := json.Marshal(value)
			values.Set(key, string(text))
		default:
			values.Set(key, fmt.Sprint(value))
		}
	}
	return values.Encode()
}

// readBody returns a body as JSON: as it is, or as a text. An empty one is null.
func readBody(body []byte) json.RawMessage {
	body = bytes.TrimSpace(body)
	if len(body) == 0 {
		return json.RawMessage("null")
	}
	if json.Valid(body) {
		return trimFractions(body)
	}
	text, _ := json.Marshal(string(body))
	return text
}

// readStatusError returns the refusal of a reply with an error of HTTP. Its code is that of HTTP.
func readStatusError(code int, body []byte) *rpcError {
	raw := readBody(body)
	var members struct {
		Error json.RawMessage `json:"error"`
		Err   json.RawMessage `json:"err"`
	}
	_ = json.Unmarshal(raw, &members)
	refused := readRefusal(firstGiven(members.Error, members.Err, raw))
	*refused.Code = code
	if refused.Message == "" {
		refused.Message = http.StatusText(code)
	}
	return refused
}
