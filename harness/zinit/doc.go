// Package zinit talks to the supervisor of the image under test, over zinit's JSON-RPC.
//
// Connect finds out which dialect a supervisor speaks and returns a Supervisor. Its model is that of 0.4: services, actions, jobs
// (suites/contract/zinit-0.4.md#model). Every assumption about 0.4 is in Assumptions, and nowhere else.
package zinit
