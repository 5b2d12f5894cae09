"""`python -m pairbench` is `pairbench`."""

import os
import subprocess
import sys

from pairbench._binary import find_binary
from pairbench.errors import NotAvailableError


def main() -> int:
    try:
        command = [str(find_binary()), *sys.argv[1:]]
    except NotAvailableError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    if sys.platform == "win32":
        # There, exec starts a new process, and the shell does not wait for it.
        try:
            return subprocess.call(command)
        except KeyboardInterrupt:
            return 130
    os.execv(command[0], command)


if __name__ == "__main__":
    sys.exit(main())
