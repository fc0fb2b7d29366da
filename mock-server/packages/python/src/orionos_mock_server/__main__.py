"""`python -m orionos_mock_server` runs the program, with the same options."""

import os
import subprocess
import sys

from ._binary import find_binary


def main() -> int:
    command = [find_binary(), *sys.argv[1:]]
    if sys.platform != "win32":
        os.execv(command[0], command)
    # Windows cannot replace a process. Both receive Ctrl-C.
    while True:
        try:
            return subprocess.call(command)
        except KeyboardInterrupt:
            continue


sys.exit(main())
