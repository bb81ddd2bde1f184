#!/bin/bash
# Real Mesos on 127.0.0.1:5050 (agents on 5051, 5052, ...).
#
#   run.sh [start]         setup if needed, start master and agents, wait for all
#   run.sh stop            end them, and the containers they left
#   run.sh master [N]      (re)start only the master; N > 1: one more (needs ZK)
#                          on PORT + 100 (N - 1)
#   run.sh agent N         (re)start only agent N, with its old state if any
#   run.sh kill9 master[N]|N   kill -9 the master or agent N; containers stay
#   run.sh zk              start a ZooKeeper on 127.0.0.1:ZK_PORT (12181); needs
#                          apt-get install --no-install-recommends zookeeper
#   run.sh wipe            stop, then remove all state
#
# Environment: VERSION of Mesos (1.11.0; setup.sh lists them); OUT where it is
# built (~/.cache/realmesos, or realmesos-VERSION if that is given); DIR state
# directory; AGENTS how many (1); PORT of the master (5050); IP (127.0.0.1);
# HOST_PATTERN for agent host names, %d is N (127.0.0.1%d: distinct, and
# reachable where a task listens on 0.0.0.0); RES resources of each agent, @ is N;
# ATTR attributes, @ is N; AUTH=1 wants user "probe", password "secret" from
# HTTP (and v0) frameworks and operators.
# ZK=zk://127.0.0.1:12181/mesos makes masters and agents use that.
# Any MESOS_* and LIBPROCESS_* given is passed on and wins.
set -euo pipefail
SRC=$(dirname "$(readlink -f "$0")")
export OUT=${OUT:-${XDG_CACHE_HOME:-$HOME/.cache}/realmesos${VERSION:+-$VERSION}}
mkdir -p "$OUT"; HOME_=$(readlink -f "$OUT")
DIR=${DIR:-$HOME_/run/default}; AGENTS=${AGENTS:-1}; PORT=${PORT:-5050}; IP=${IP:-127.0.0.1}
HOST_PATTERN=${HOST_PATTERN:-127.0.0.1%d}
RES=${RES:-cpus:4;mem:4096;disk:10000;ports:[3@000-3@099]}
ATTR=${ATTR:-rack:r@}
mkdir -p "$DIR"

running() { [ -s "$1" ] && case $(readlink "/proc/$(cat "$1")/exe" 2>/dev/null) in "$HOME_/bin/mesosd"*) ;; *) false;; esac; }

launch() { # name args... ; environment from the caller
  local name=$1; shift
  running "$DIR/$name/pid" && { echo "$name already runs" >&2; return 1; }
  mkdir -p "$DIR/$name"; cd "$DIR/$name"
  # own session, so that ending this shell ends nothing
  setsid "$HOME_/bin/mesosd" "$@" >>"$DIR/$name/log" 2>&1 </dev/null &
  echo $! >"$DIR/$name/pid"; cd "$HOME_"
}

common() {
  export LIBPROCESS_IP=${LIBPROCESS_IP:-$IP} LIBPROCESS_NUM_WORKER_THREADS=${LIBPROCESS_NUM_WORKER_THREADS:-4}
  export LIBPROCESS_PORT=$1 MESOS_PORT=$1 MESOS_WORK_DIR=$2
}

start_master() (
  n=${1:-1}; name=master; [ "$n" = 1 ] || name=master$n
  common $((PORT + 100 * (n - 1))) "$DIR/$name/work"
  export MESOS_REGISTRY=${MESOS_REGISTRY:-replicated_log} MESOS_HOSTNAME=${MESOS_HOSTNAME:-$IP}
  if [ -n "${AUTH:-}" ]; then
    (umask 077; echo '{"credentials":[{"principal":"probe","secret":"secret"}]}' >"$DIR/credentials.json")
    export MESOS_CREDENTIALS=$DIR/credentials.json MESOS_AUTHENTICATE_HTTP_FRAMEWORKS=true \
      MESOS_HTTP_FRAMEWORK_AUTHENTICATORS=basic MESOS_AUTHENTICATE_FRAMEWORKS=true \
      MESOS_AUTHENTICATE_HTTP_READWRITE=true
  fi
  launch "$name" master ${ZK:+"$ZK"}
)

start_zk() {
  local z=$DIR/zk j cp; mkdir -p "$z/data"; cp=$z
  for j in zookeeper zookeeper-jute slf4j-api slf4j-log4j12 log4j-1.2 netty-all netty metrics-core snappy-java commons-io commons-cli audience-annotations; do
    [ -e "/usr/share/java/$j.jar" ] && cp=$cp:/usr/share/java/$j.jar
  done
  printf '%s\n' tickTime=500 "dataDir=$z/data" "clientPort=${ZK_PORT:-12181}" clientPortAddress=127.0.0.1 \
    admin.enableServer=false >"$z/zoo.cfg"
  printf '%s\n' 'log4j.rootLogger=WARN, C' log4j.appender.C=org.apache.log4j.ConsoleAppender \
    log4j.appender.C.layout=org.apache.log4j.SimpleLayout >"$z/log4j.properties"
  setsid java -Xmx128m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp "$cp" \
    org.apache.zookeeper.server.quorum.QuorumPeerMain "$z/zoo.cfg" >>"$z/log" 2>&1 </dev/null &
  echo $! >"$z/pid"
}

start_agent() (
  n=$1; w=$DIR/agent$n/work
  common $((PORT + n)) "$w"
  export MESOS_HOSTNAME=${MESOS_HOSTNAME:-$(printf "$HOST_PATTERN" "$n")}
  export MESOS_RESOURCES=${MESOS_RESOURCES-${RES//@/$n}} MESOS_ATTRIBUTES=${MESOS_ATTRIBUTES-${ATTR//@/$n}}
  export MESOS_LAUNCHER=${MESOS_LAUNCHER:-posix} MESOS_LAUNCHER_DIR=$HOME_/libexec \
    MESOS_ISOLATION=${MESOS_ISOLATION:-posix/cpu,posix/mem} MESOS_SYSTEMD_ENABLE_SUPPORT=false \
    MESOS_APPC_STORE_DIR=$w/appc MESOS_DOCKER_STORE_DIR=$w/docker MESOS_DOCKER_VOLUME_CHECKPOINT_DIR=$w/dvol
  launch "agent$n" agent "${ZK:-$IP:$PORT}"
)

wait_up() {
  local i n
  for i in $(seq 150); do
    n=$( (curl -s ${AUTH:+-u probe:secret} "http://$IP:$PORT/metrics/snapshot" || true) | grep -o '"master\\*/slaves_active":[0-9]*' | grep -o '[0-9]*$' || true)
    [ "${n:-0}" -ge "$1" ] && return 0
    sleep 0.1
  done
  echo "not up after 15 s, see $DIR/*/log" >&2; return 1
}

end() { # name signal
  local f=$DIR/$1/pid p; [ -s "$f" ] || return 0
  p=$(cat "$f")
  if running "$f"; then
    kill -"$2" "$p"
    for _ in $(seq 50); do running "$f" || break; sleep 0.1; done
  fi
  rm -f "$f"
}

end_session() { # kill -9 all processes of a session, whatever their process groups
  local f rest
  for f in /proc/[0-9]*/stat; do
    rest=$(cat "$f" 2>/dev/null) || continue
    rest=${rest##*) }; set -- "$1" $rest # state ppid pgrp session ...
    if [ "$5" = "$1" ]; then f=${f%/stat}; kill -KILL "${f#/proc/}" 2>/dev/null || true; fi
  done
}

stop() {
  for d in "$DIR"/agent*; do [ -d "$d" ] && end "$(basename "$d")" TERM; done
  for d in "$DIR"/master*; do [ -d "$d" ] && end "$(basename "$d")" TERM; done
  if [ -s "$DIR/zk/pid" ]; then
    p=$(cat "$DIR/zk/pid"); rm -f "$DIR/zk/pid"
    case $(tr '\0' ' ' <"/proc/$p/cmdline" 2>/dev/null) in *"$DIR/zk/zoo.cfg"*) kill "$p";; esac
  fi
  # The launcher makes each container the leader of its own session.
  for f in "$DIR"/agent*/work/agents/0/run/containers/*/pid; do
    [ -s "$f" ] || continue
    p=$(cat "$f")
    case $(readlink "/proc/$p/exe" 2>/dev/null) in "$HOME_"/libexec/*) end_session "$p";; esac
  done
}

case ${1:-start} in
start)
  "$SRC/setup.sh"
  t=$(date +%s%N)
  start_master
  for n in $(seq "$AGENTS"); do start_agent "$n"; done
  wait_up "$AGENTS"
  echo "Mesos is up on $IP:$PORT with $AGENTS agent(s) after $((($(date +%s%N) - t) / 1000000)) ms; logs in $DIR/*/log";;
stop) stop;;
wipe) stop; rm -rf "$DIR";;
zk) start_zk;;
master)
  start_master "${2:-1}"
  [ -n "${ZK:-}" ] && exit 0
  for _ in $(seq 100); do curl -sf -o /dev/null "http://$IP:$PORT/version" && break; sleep 0.1; done
  # Real agents without ZooKeeper see a restarted master only after the pings
  # time out (75 s); this makes them look at once.
  for d in "$DIR"/agent*; do running "$d/pid" && kill -HUP "$(cat "$d/pid")"; done
  true;;
agent) start_agent "$2";;
kill9) case $2 in master*) end "$2" KILL;; *) end "agent$2" KILL;; esac;;
*) sed -n 2,22p "$0"; exit 2;;
esac
