#!/usr/bin/env bash
# Runs one shard of a gate, and keeps its record for ci/gate.sh as the artifact shard-N.
#
# It runs shard SHARD of SHARDS. HERO_IMAGE, TARGET, PROFILE and FOCUS are flags of `hero_chaos run`, empty for the defaults.
# It judges nothing, and fails only if the shard proved nothing at all.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly most=4 # as many as the workflow's matrix has
readonly out=reports/shard
if ! [[ ${SHARDS-} =~ ^[1-9]$ && ${SHARD-} =~ ^[1-9]$ ]] || ((SHARDS > most)); then # as text first: shell arithmetic runs commands
	printf 'ci/shard.sh: shards are 1 to %s, not %q of %q\n' "$most" "${SHARD-}" "${SHARDS-}" >&2
	exit 3
fi
if ((SHARD > SHARDS)); then
	echo "there are only $SHARDS shards: nothing is left for number $SHARD"
	exit
fi

arguments=(run --shard "$SHARD/$SHARDS" --output "$out")
[[ -z ${HERO_IMAGE:-} ]] || arguments+=("--image=$HERO_IMAGE")
[[ -z ${TARGET:-} ]] || arguments+=("--target=$TARGET")
[[ -z ${PROFILE:-} ]] || arguments+=("--profile=$PROFILE")
[[ -z ${FOCUS:-} ]] || arguments+=("--focus=$FOCUS")

mkdir -p "$out"
code=0
bin/hero_chaos "${arguments[@]}" 2>"$out/error.txt" || code=$?
cat "$out/error.txt" >&2
echo "$code" >"$out/exit-code"
echo "what this shard found is in $PWD/$out"
mkdir -p reports/packed
tar -C "$out" -czf reports/packed/shard.tar.gz . # with empty files, which are evidence as well
go run ./ci/artifact put "shard-$SHARD" reports/packed
((code <= 2)) || exit 3
