"""PostgreSQL on a disk of its own that can be full: a tmpfs, which takes root's rights."""

import shutil
import subprocess

from engines.postgres import Postgres

_SIZE = "1500m"
#: Otherwise the log alone would fill it in the course of things.
_SETTINGS = "max_wal_size = 192MB\n"


def move(postgres: Postgres) -> None:
    """Move the files of a server that runs there.

    :raises subprocess.CalledProcessError: where this process may not mount anything.
    """
    postgres.stop()
    cluster = postgres.cluster
    aside, owner = cluster.with_suffix(".aside"), cluster.stat()
    cluster.rename(aside)
    cluster.mkdir(mode=0o700)
    options = f"size={_SIZE},mode=0700,uid={owner.st_uid},gid={owner.st_gid}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", cluster], check=True)
    subprocess.run(["cp", "-a", f"{aside}/.", cluster], check=True)
    shutil.rmtree(aside)
    with (cluster / "postgresql.auto.conf").open("a") as settings:
        settings.write(_SETTINGS)
    postgres.start()
    postgres.wait_until_ready()


def give_back(postgres: Postgres) -> None:
    """Take the disk away, if there is one, from a server that has ended."""
    if postgres.cluster.is_mount():
        subprocess.run(["umount", postgres.cluster], check=False)
