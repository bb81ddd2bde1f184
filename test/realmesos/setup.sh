#!/bin/bash
# Fetches and builds Mesos VERSION (default 1.11.0) under OUT (default
# ~/.cache/realmesos, or realmesos-VERSION if that is given).  From registries only:
# PyPI (libmesos), Debian (a few small libraries, unpacked, not installed).
# Needs: gcc g++ binutils (nm) go python3 curl dpkg, apt-get update once.
# Idempotent.
set -euo pipefail
src=$(dirname "$(readlink -f "$0")")
v=${VERSION:-1.11.0}
case $v in
1.4.3)  sum=e8c63f8f0a9d4d8aef01f3d85cb25c97a6a8764c573c46a56b7a0ed0c20fb7a4;;
1.5.3)  sum=c69875ca2a003ae06f4f7793462f16f26aa104c61c1c98ab3fcf30064c31ef2c;;
1.6.2)  sum=1c2b8eb3215d1b192b708c25ddb9563121179760ceff28f8c7b64331a5f06201;;
1.7.3)  sum=1615fed2bedb92bf54d24e66b0d1315cdd2ccc658ccda1bc23f115d678089e6d;;
1.8.1)  sum=2a5823ac95da83537adcb3bafced5c505b96da8b09986acacd9c73424969f066;;
1.9.0)  sum=48df4dba68ad3830930885199f34a415759b84d03e9a2cd6118c34405dbb6562;;
1.10.0) sum=99bce824f0abf2c8e22a5bc4107e2286592160386475b461b19f898de16edd2d;;
1.11.0) sum=4940ebb70894ee004cf8a12b7b66b52a351be1070ec2a4e6f7dae4ec04f8cb61;;
*) echo "setup: no checksum known for Mesos $v" >&2; exit 2;;
esac
out=${OUT:-${XDG_CACHE_HOME:-$HOME/.cache}/realmesos${VERSION:+-$VERSION}}
mkdir -p "$out"/{dl,lib,bin,libexec}; cd "$out"
exec 9>.lock; flock 9 # several tests may come at once
[ "$(cat .ready 2>/dev/null)" = "$v" ] && exit 0

egg=dl/mesos.scheduler-$v-py2.7-linux-x86_64.egg
if ! echo "$sum  $egg" | sha256sum -c --status 2>/dev/null; then
  # pip itself refuses eggs, so this asks the index that pip is set to use.
  python3 "$src/fetch_egg.py" mesos-scheduler "$(basename "$egg")" "$egg"
  echo "$sum  $egg" | sha256sum -c --status
fi
rm -f .ready lib/_scheduler.so
python3 - "$egg" <<'PY'
import shutil, sys, zipfile
with zipfile.ZipFile(sys.argv[1]).open('mesos/scheduler/_scheduler.so') as f, open('lib/_scheduler.so', 'wb') as g:
    shutil.copyfileobj(f, g)
PY

pkgs="libsvn1 libapr1 libaprutil1 libserf-1-1 libutf8proc2 libevent-core-2.1-7 libevent-pthreads-2.1-7"
for p in $pkgs; do ls dl/${p}_*.deb >/dev/null 2>&1 || (cd dl && apt-get download -q "$p" 2>/dev/null); done
tmp=$(mktemp -d); for p in $pkgs; do dpkg -x dl/${p}_*.deb "$tmp"; done
cp -a "$tmp"/usr/lib/x86_64-linux-gnu/lib{svn_subr-1,svn_delta-1,apr-1,aprutil-1,utf8proc,serf-1,event_core-2.1,event_pthreads-2.1}.so.* lib/
rm -rf "$tmp"
# Up to 1.7 libmesos runs on libevent 2.0; what it uses is alike in 2.1.
ln -sf libevent_core-2.1.so.7 lib/libevent-2.0.so.5
ln -sf libevent_pthreads-2.1.so.7 lib/libevent_pthreads-2.0.so.5

"$src/src/genstubs.sh" lib/_scheduler.so lib
# An old-style rpath is also searched for what the dlopen'ed library needs, so
# no LD_LIBRARY_PATH has to leak into executors.
g++ -O1 -o bin/mesosd "$src/src/mesosd.cpp" -ldl -Wl,--disable-new-dtags,-rpath,'$ORIGIN/../lib'
(cd "$src/src/helper" && CGO_ENABLED=0 GOFLAGS=-buildvcs=false go build -trimpath -ldflags='-s -w' -o "$out/libexec/mesos-containerizer" .)
# Hard links: the agent resolves symlinks.  mesos-executor need only exist: else
# 1.5.3, 1.6.2, 1.8.1 and 1.9.0 use an unset flag (ended by MESOS-10084) and the
# master may refuse an agent that comes back.
for n in mesos-fetcher mesos-executor; do ln -f libexec/mesos-containerizer "libexec/$n"; done
echo "$v" >.ready
