#!/usr/bin/env bash
# Runs one of the long tests of the harness itself:
#
#   ci/nightly.sh mutants    the harness finds every image that is broken on purpose
#   ci/nightly.sh controls   it can measure supervisors that others wrote
#   ci/nightly.sh environments  it says what is to be done in environments that users have, and leaves nothing behind
#   ci/nightly.sh samples    299 endings of each kind: more than one failure in a hundred would show
#
# It keeps the reports as the artifact nightly-NAME, whatever the result.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

code=0
case ${1-} in
mutants | controls | environments) make "$1" || code=$? ;;
samples) make e2e SAMPLES=299 FOCUS=restart.sigkill,restart.sigsegv || code=$? ;;
*)
	echo 'ci/nightly.sh: name mutants, controls, environments or samples' >&2
	exit 3
	;;
esac
go run ./ci/artifact put "nightly-$1" reports/out || echo "the reports are nowhere but in $PWD/reports/out" >&2
exit "$code"
