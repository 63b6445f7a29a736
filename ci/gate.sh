#!/usr/bin/env bash
# Ends a gate: merges the records of the shards, judges them, publishes the verdict, and exits by it: 0 PROMOTE, 1 HOLD,
# 2 INCONCLUSIVE, 3 if nothing was proved, for example because a shard is missing.
#
# SHARDS is the number of shards. SHARDS_RESULT is the server's result of their jobs: success, failure, cancelled, skipped.
# STATUS_TOKEN is the job's token. SIGNING_KEY is the text of the key that signs the merged run, empty for none.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export -n STATUS_TOKEN SIGNING_KEY # only for the commands that need them

# What comes from a server or a shard is compared as text before it is counted with: shell arithmetic runs commands.
readonly most=4 # as many as the workflow's matrix has
if ! [[ ${SHARDS-} =~ ^[1-9]$ ]] || ((SHARDS > most)); then
	SHARDS=0
fi

[[ ${SHARDS_RESULT-} =~ ^(success|failure|cancelled|skipped)$ ]] || SHARDS_RESULT=unknown

readonly out=reports/out
mkdir -p "$out"

# finish CODE WORDS publishes the verdict in the reports or, if there is none, the words.
finish() {
	local code=$1 arguments=("$out")
	((code < 3)) || arguments=(--trouble "$2")
	echo "gate: $2"
	go run ./ci/artifact put gate "$out" || echo "the reports are nowhere but in $PWD/$out" >&2
	STATUS_TOKEN=${STATUS_TOKEN:-} bin/hero_chaos publish --if-token "${arguments[@]}" || code=3
	exit "$code"
}

# fetch N fetches the files of a shard. It adds the record to records, or the reason why there is none to trouble.
records=() trouble=()
fetch() {
	local folder=reports/shards/$1 code last
	if ! go run ./ci/artifact get "shard-$1" "$folder" || ! go run ./ci/artifact unpack "$folder/shard.tar.gz" "$folder/files"; then
		trouble+=("shard $1 left nothing (the jobs of the shards: $SHARDS_RESULT)")
		return
	fi
	folder+=/files
	code=$(head -c 9 "$folder/exit-code" | tr -d '\000' || true)
	[[ $code =~ ^[0-9]{1,3}$ ]] || code=unknown
	if ! [[ $code =~ ^[012]$ ]]; then
		last=$(tail -n 1 "$folder/error.txt" || true) # none where it was killed
		trouble+=("shard $1 proved nothing: ${last:-exit code $code}")
	else
		records+=("$folder/record.json")
	fi
}

if ((SHARDS == 0)); then trouble+=("the number of shards is not 1 to $most"); fi
for ((shard = 1; shard <= SHARDS; shard++)); do fetch "$shard"; done
if ((${#trouble[@]} == 0)) && [[ $SHARDS_RESULT != success ]]; then
	trouble+=("a shard's job ended as $SHARDS_RESULT")
fi
if ((${#trouble[@]} > 0)); then
	printf '%s\n' "${trouble[@]}" | tee "$out/trouble.txt" >&2
	finish 3 "INCONCLUSIVE: ${trouble[0]}"
fi

if [[ -n ${SIGNING_KEY:-} ]]; then
	HERO_CHAOS_KEY=$(mktemp) # for its owner alone
	trap 'rm -f "$HERO_CHAOS_KEY"' EXIT
	printf '%s\n' "$SIGNING_KEY" >"$HERO_CHAOS_KEY"
	export HERO_CHAOS_KEY
fi
code=0
bin/hero_chaos merge "${records[@]}" --output "$out" 2>"$out/error.txt" || code=$?
if ((code > 2)) || [[ ! -e $out/record.json ]]; then
	cat "$out/error.txt" >&2
	finish 3 "INCONCLUSIVE: $(tail -n 1 "$out/error.txt")"
fi

code=0
words=$(bin/hero_chaos promote "$out/record.json" 2>&1) || code=$?
echo "$words"
case $code in
0 | 1 | 2) finish "$code" "$(sed -n 's/^VERDICT *//p' <<<"$words")" ;; # before it may come a comparison with the baseline
*) finish 3 "INCONCLUSIVE: $(tail -n 1 <<<"$words")" ;;
esac
