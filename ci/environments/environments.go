package main

import (
	"errors"
	"slices"
)

// environment is a machine, a daemon or a container as users have them.
type environment struct {
	name string
	// page is a part of TROUBLESHOOTING that is about it, word by word; empty if it runs as anywhere.
	page    string
	arrange func(*lab) error
	line    string // in what hero_chaos says
	code    int    // codeRan: it came to its end, whatever a busy host left unproved
	check   func(*lab) error
}

// errNotHere is the error of an arrangement for which this machine lacks something.
var errNotHere = errors.New("not on this machine")

// The exit codes of a run.
const (
	codeRan          = -1 // 0 or 2
	codeInconclusive = 2
	codeError        = 3
)

// few are the flags of a run that takes some seconds.
const few = "--focus=boot.running,smoke,restart.sigterm/user.hero_redis_server"

// longer are the flags of a run that takes a minute.
const longer = "--focus=restart,hang"

const noneFailed = " 0 failed"

func environments() []environment {
	return slices.Concat(listContainers(), listImages(), listMachines(), listInterruptions())
}
