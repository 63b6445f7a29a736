#!/usr/bin/env bash
# Runs the workflow of the gate on this machine with act, offline: two shards of the embedded image and the gate over both.
# It runs the last commit, as a server does. FOCUS selects promises.
#
# A gate in the quick profile, or with a focus, cannot answer PROMOTE. So INCONCLUSIVE is expected here; a HOLD, a missing
# shard or no answer is a failure.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

work=$(mktemp -d)
readonly work log=$work/log
trap 'rm -rf "$work"' EXIT

# A server that holds the commit: steps fetch it from there.
git clone --quiet --bare . "$work/local/hero_chaos.git"
git -C "$work/local/hero_chaos.git" config uploadpack.allowAnySHA1InWant true

act() {
	go tool -modfile=ci/tools/act/go.mod act "$@" --platform docker=-self-hosted --pull=false --action-offline-mode \
		--no-cache-server --action-cache-path "$work/act" --env-file /dev/null --secret-file /dev/null \
		--var-file /dev/null --input-file /dev/null
}

for workflow in .forgejo/workflows/*.yaml; do
	act --validate --workflows "$workflow" >"$log" 2>&1 || {
		cat "$log" >&2
		echo "ci/local.sh: act does not take $workflow" >&2
		exit 1
	}
done

act workflow_dispatch --workflows .forgejo/workflows/e2e.yaml \
	--artifact-server-path "$work/artifacts" --artifact-server-addr 127.0.0.1 \
	--env GITHUB_SERVER_URL="file://$work" --env GITHUB_REPOSITORY=local/hero_chaos \
	--input target=embedded --input profile=quick --input shards=2 --input focus="${FOCUS-boot,smoke,restart}" 2>&1 | tee "$log" || true

if ! verdict=$(grep -o '| gate: \(PROMOTE\|INCONCLUSIVE: .*\[[a-z-]*\]\)' "$log"); then
	echo 'ci/local.sh: the gate has not judged what the two shards found' >&2
	exit 1
fi
echo "ci/local.sh: passed: two shards ran and the gate judged both (${verdict#| gate: }); a quick run cannot come to more, and act calls its job failed"
