#!/usr/bin/env bash
# Starts Alluxio on Mesos, with the arguments that Alluxio's own script of this
# name had. All it does is find the program and the folder it is installed in.
set -euo pipefail

usage() {
  cat <<USAGE
Usage: alluxio-mesos-start.sh [-h] [-w] MESOS_MASTER [MASTER_HOST]

  MESOS_MASTER  address of the Mesos master: host:port, zk://... or a URL
  MASTER_HOST   the agent on which the Alluxio master must run (default: any that fits)
  -w            wait until the scheduler ends
  -h            this text

The scheduler's log is logs/framework.out. What to deploy is read from
conf/alluxio-site.properties; see "alluxio-mesos start --help".
USAGE
}

args=()
while getopts "hw" option; do
  case "$option" in
    h) usage; exit 0 ;;
    w) args+=(--wait) ;;
    *) usage >&2; exit 2 ;;
  esac
done
shift $((OPTIND - 1))
if [[ $# -lt 1 || $# -gt 2 ]]; then
  usage >&2
  exit 2
fi

here="$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")" && pwd)"
home="$(dirname -- "$(dirname -- "$(dirname -- "$here")")")"
export ALLUXIO_HOME="${ALLUXIO_HOME:-$home}"
exec "${home}/bin/alluxio-mesos" start ${args[@]+"${args[@]}"} -- "$@"
