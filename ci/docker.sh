#!/usr/bin/env bash
# Makes sure that a Docker daemon answers, and says nothing when one does.
#
# A daemon that $DOCKER_HOST, the docker context or the default socket leads to is used as it is. Without one,
# on a Debian-like system and as root, Docker is installed and started. Otherwise: one line that says what to
# install, and exit code 3.
set -euo pipefail

readonly socket=/var/run/docker.sock
readonly log=/var/log/hero_chaos-dockerd.log
readonly lock=/run/lock/hero_chaos-docker
readonly answer_timeout=60 # seconds for the daemon to answer

say() { echo "ci/docker.sh: $*" >&2; }
fail() {
	say "$*"
	exit 3
}

# answers succeeds when a daemon does, with or without a docker command to ask it.
answers() {
	if command -v docker >/dev/null; then
		timeout 20 docker version --format '{{.Server.Version}}' >/dev/null 2>&1
	elif [[ -z ${DOCKER_HOST:-} || ${DOCKER_HOST} == unix://* ]] && command -v curl >/dev/null; then
		local path=${DOCKER_HOST:-unix://$socket}
		curl --silent --fail --max-time 5 --output /dev/null --unix-socket "${path#unix://}" http://docker/_ping
	else
		return 1
	fi
}

install_docker() {
	command -v dockerd >/dev/null && command -v iptables >/dev/null && return
	say "installing docker.io and iptables"
	export DEBIAN_FRONTEND=noninteractive
	{ apt-get update -q && apt-get install -q -y --no-install-recommends docker.io iptables; } >"$log" 2>&1 || {
		tail -n 20 "$log" >&2
		fail "could not install docker.io and iptables; the whole output is in $log"
	}
}

# start_dockerd starts the daemon itself: `service docker start` fails where ulimits may not be raised.
start_dockerd() {
	say "starting dockerd, log in $log"
	setsid dockerd --host "unix://$socket" </dev/null >"$log" 2>&1 9>&- & # 9 is our lock, not the daemon's
	local dockerd=$!
	local deadline=$((SECONDS + answer_timeout))
	until answers; do
		if ! kill -0 "$dockerd" 2>/dev/null; then
			tail -n 20 "$log" >&2
			fail "dockerd ended; the whole log is in $log"
		fi
		if ((SECONDS >= deadline)); then
			tail -n 20 "$log" >&2
			fail "dockerd did not answer within $answer_timeout s; the whole log is in $log"
		fi
		sleep 0.2
	done
}

answers && exit 0
if [[ -n ${DOCKER_HOST:-} ]]; then
	fail "no Docker answers at DOCKER_HOST=$DOCKER_HOST; correct it, or unset it to use this machine's"
fi
if command -v docker >/dev/null && context=$(docker context show 2>/dev/null) && [[ $context != default ]]; then
	fail "no Docker answers in the docker context $context; start that one, or: docker context use default"
fi
if [[ -S $socket && ! -w $socket ]]; then
	fail "this user may not use $socket: add the user to the group docker (usermod -aG docker $(id -un)), log in again, or run as root"
fi
if ((EUID != 0)) || ! command -v apt-get >/dev/null; then
	fail "no Docker answers; install and start Docker Engine 20.10 or later (https://docs.docker.com/engine/install/), or set DOCKER_HOST"
fi
mkdir -p "$(dirname "$lock")"
exec 9>"$lock"
flock --timeout 600 9 || fail "another ci/docker.sh has been at work for ten minutes (it holds $lock)"
answers && exit 0 # it was at work, and has finished it
install_docker
answers && exit 0 # the package has started it
start_dockerd
