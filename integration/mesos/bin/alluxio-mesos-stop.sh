#!/usr/bin/env bash
# Stops Alluxio on Mesos, also when its scheduler is dead. All this does is find
# the program and the folder it is installed in.
set -euo pipefail

usage() {
  cat <<USAGE
Usage: alluxio-mesos-stop.sh [-h]

Ends the deployment that conf/alluxio-site.properties names. Journal, root UFS
and caches on the agents stay; see "alluxio-mesos stop --help".
USAGE
}

while getopts "h" option; do
  case "$option" in
    h) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done
shift $((OPTIND - 1))
if [[ $# -ne 0 ]]; then
  usage >&2
  exit 2
fi

here="$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")" && pwd)"
home="$(dirname -- "$(dirname -- "$(dirname -- "$here")")")"
export ALLUXIO_HOME="${ALLUXIO_HOME:-$home}"
exec "${home}/bin/alluxio-mesos" stop
