"""Pairs of versions, one a line: `packaging`, `conan <directory of the package>` or `alpm` (pacman's library)."""

import ctypes
import ctypes.util
import sys
import types

lines = [line.rstrip("\n").split("\t") for line in sys.stdin]


def by(read):
    for a, b in lines:
        try:
            a, b = read(a), read(b)
        except ValueError:
            print("?")
            continue
        print("<" if a < b else "=" if a == b else ">")


if sys.argv[1] == "packaging":
    from packaging.version import Version

    by(Version)
elif sys.argv[1] == "conan":
    # The package's own __init__ asks for all that Conan depends on.
    package = types.ModuleType("conan")
    package.__path__ = [sys.argv[2] + "/conan"]
    sys.modules["conan"] = package
    from conan.internal.model.version import Version

    by(Version)
else:
    compare = ctypes.CDLL(ctypes.util.find_library("alpm")).alpm_pkg_vercmp
    compare.argtypes = [ctypes.c_char_p, ctypes.c_char_p]
    for a, b in lines:
        order = compare(a.encode(), b.encode())
        print("<" if order < 0 else ">" if order > 0 else "=")
