"""Exec wrapper between a supervisor and its child.

Called as `python -I -S launch.py IDENTITY PARENT PROGRAM ARGUMENTS…`.

IDENTITY is who the program becomes:

    keep         whoever started it
    userns       root: "nobody" in a user namespace of one entry; on disk everything stays root's
    setuid:NAME  root: really the user NAME

On Linux the child's life is also tied to the process PARENT (0: to nobody's): when that one is
killed, the kernel sends SIGINT, to which both engines answer by writing out their data and ending.
Only the standard library, because this runs before every child.
"""

import ctypes
import os
import pwd
import signal
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def main() -> None:
    identity, parent, program = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    if identity == "userns":
        _enter_user_namespace(pwd.getpwnam("nobody"))
    elif identity.startswith("setuid:"):
        _become(pwd.getpwnam(identity.removeprefix("setuid:")))
    if parent and sys.platform == "linux":
        # After the change of identity, which clears it.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
        if os.getppid() != parent:
            sys.exit("the supervisor ended before its child began")
    os.execv(program, sys.argv[3:])  # noqa: S606 to become the program is the purpose


def _enter_user_namespace(user: pwd.struct_passwd) -> None:
    outer_uid, outer_gid = os.geteuid(), os.getegid()
    os.unshare(os.CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user.pw_uid} {outer_uid} 1")
    Path("/proc/self/gid_map").write_text(f"{user.pw_gid} {outer_gid} 1")


def _become(user: pwd.struct_passwd) -> None:
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)


if __name__ == "__main__":
    main()
