// Package zinit speaks with the supervisor of the image under test, over zinit's JSON-RPC.
//
// Connect finds out which dialect a supervisor speaks and returns a Supervisor, whose words are
// those of 0.4: services, actions, jobs (contract zinit-0.4). What nobody has told us of 0.4 is in
// Assumptions, and nowhere else.
package zinit
