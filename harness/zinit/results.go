package zinit

import (
	"cmp"
	"errors"
	"fmt"
)

// The results of the methods. check reports what a result lacks, by "required" in the contract's OpenRPC document.
type (
	discovered struct {
		Methods []struct {
			Name string `json:"name"`
		} `json:"methods"`
	}
	pong struct {
		Version string `json:"version"`
	}
	serviceSet struct {
		Name     string   `json:"name"`
		Warnings []string `json:"warnings"`
	}
	actionSet struct {
		Name     string `json:"name"`
		Replaced bool   `json:"replaced"`
	}
	done struct {
		OK *bool `json:"ok"`
	}
	texts    []string
	statuses []Status
	actions  []Action
	jobs     []Job
)

// checkResult returns an error if a result lacks a required member.
func checkResult(result any) error {
	if checked, ok := result.(interface{ check() error }); ok {
		if err := checked.check(); err != nil {
			return fmt.Errorf("%w: the result is incomplete and has %w: %w", ErrConnection, ErrForm, err)
		}
	}
	return nil
}

func (r *pong) check() error       { return need("version", r.Version) }
func (r *serviceSet) check() error { return need("name", r.Name) }
func (r *actionSet) check() error  { return need("name", r.Name) }

func (r *done) check() error {
	switch {
	case r.OK == nil:
		return need("ok", "")
	case !*r.OK:
		return errors.New("ok is false, without an error")
	}
	return nil
}

func (s *Service) check() error { return need("name", s.Name) }
func (a *Action) check() error  { return cmp.Or(need("name", a.Name), need("exec", a.Exec)) }
func (s *Status) check() error  { return cmp.Or(need("name", s.Name), need("state", string(s.State))) }

func (j *Job) check() error { return cmp.Or(need("action", j.Action), need("state", string(j.State))) }

func (l *statuses) check() error { return checkAll(*l) }
func (l *actions) check() error  { return checkAll(*l) }
func (l *jobs) check() error     { return checkAll(*l) }

func checkAll[T any, P interface {
	*T
	check() error
}](list []T,
) error {
	for i := range list {
		if err := P(&list[i]).check(); err != nil {
			return fmt.Errorf("entry %d: %w", i, err)
		}
	}
	return nil
}

func need(member, value string) error {
	if value == "" {
		return fmt.Errorf("it has no %s", member)
	}
	return nil
}
