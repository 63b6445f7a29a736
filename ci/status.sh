#!/usr/bin/env bash
# Sets the commit's status to the result of a gate:
#
#   ci/status.sh success|failure|error DESCRIPTION
#
# STATUS_TOKEN is the job's token. It goes to curl on its standard input: arguments can be read by everybody on a machine.
# Without one, for example under act, it only prints the status.
set -euo pipefail
export LC_ALL=C.UTF-8 # else half a letter could be cut off

readonly context=hero_chaos
readonly longest=140 # characters that a server may keep of a description
readonly state=$1

# One line, without what a terminal would obey; then as a JSON string.
description=$(tr -s '\000-\037\177' ' ' <<<"$2")
description=${description% }
if ((${#description} > longest)); then description=${description:0:longest-3}...; fi
quoted=${description//\\/\\\\}
quoted=${quoted//\"/\\\"}

if [[ -z ${STATUS_TOKEN:-} ]]; then
	echo "status $state: $description (not set: this job has no token)"
	exit
fi
# Forgejo calls the page of a run by its number. Newer Giteas take that for an id, unless they are told.
readonly page="$GITHUB_SERVER_URL/$GITHUB_REPOSITORY/actions/runs/$GITHUB_RUN_NUMBER?by_index=1"
printf 'header = "Authorization: token %s"\n' "$STATUS_TOKEN" |
	curl --config - --silent --show-error --fail --max-time 30 --output /dev/null \
		--header 'Content-Type: application/json' \
		--data "{\"state\": \"$state\", \"context\": \"$context\", \"description\": \"$quoted\", \"target_url\": \"$page\"}" \
		"$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/statuses/$GITHUB_SHA" ||
	{
		echo "ci/status.sh: could not set the status of $GITHUB_SHA at $GITHUB_API_URL; may the job's token write statuses?" >&2
		exit 3
	}
echo "status $state: $description"
