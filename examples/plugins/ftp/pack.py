"""Packs a plugin with its libraries into one executable file, as a deployment ships it.

    python3 pack.py OUTPUT LIBRARIES SOURCE.py...

The file is a zip with a first line that names python3 (zipapp, PEP 441). Native libraries cannot be loaded out of a
zip, so at its start the plugin unpacks itself into TMPDIR: under a host that is a private folder, which goes with the
process. It runs on the same Python (version and platform) that it was packed with, and says so on any other.
"""

import compileall
import os
import py_compile
import shutil
import sys
import sysconfig
import tempfile
import zipfile

MAIN = '''\
import os, sys, sysconfig, tempfile, zipfile
packed = {tag!r}
here = sysconfig.get_config_var("SOABI") or sys.version
if here != packed:
    sys.exit("this plugin was packed for %s, and this is %s (%s): pack it with the agent's Python" % (packed, here, sys.executable))
libraries = tempfile.mkdtemp(prefix="l")
with zipfile.ZipFile(sys.argv[0]) as z:
    z.extractall(libraries)
sys.path[0] = libraries
sys.dont_write_bytecode = True
import {module}
{module}.main()
'''

LEFT_OUT = ("bin", "__pycache__", "pycparser", "tests")  # not needed to run


def main(output, libraries, *sources):
    with tempfile.TemporaryDirectory() as work:
        tree = os.path.join(work, "tree")
        shutil.copytree(libraries, tree, ignore=lambda _, names: [
            n for n in names if n in LEFT_OUT or n.endswith((".dist-info", ".pyi", ".pyx", ".pxd"))])
        for source in sources:
            shutil.copy(source, tree)
        module = os.path.basename(sources[0]).removesuffix(".py")
        # Compiled now, so that it need not be at each start.
        compileall.compile_dir(tree, quiet=2, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
        with open(os.path.join(tree, "__main__.py"), "w") as file:
            file.write(MAIN.format(module=module, tag=sysconfig.get_config_var("SOABI") or sys.version))
        write(output, tree)


def write(output, tree):
    """Writes the zip, the same bytes for the same files, and puts it in its place whole."""
    part = output + ".part"
    with open(part, "wb") as file:
        file.write(b"#!/usr/bin/env python3\n")
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as z:
            for folder, folders, names in os.walk(tree):
                folders.sort()
                for name in sorted(names):
                    path = os.path.join(folder, name)
                    entry = zipfile.ZipInfo(os.path.relpath(path, tree))
                    entry.compress_type = zipfile.ZIP_DEFLATED
                    with open(path, "rb") as content:
                        z.writestr(entry, content.read())
    os.chmod(part, 0o755)
    os.replace(part, output)


if __name__ == "__main__":
    main(*sys.argv[1:])
