"""As root where user namespaces are forbidden: PostgreSQL really becomes another user."""

import os
import pwd
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

import engines
from engines import identity, process

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture
def shared() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="ledgerport-shared-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def without_namespaces(tmp_path: Path, shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setenv("LEDGERPORT_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(identity, "SHARED", shared)
    monkeypatch.setattr(
        identity, "can_become", lambda name: name != "userns" and process.can_become(name)
    )
    if identity.postgres_identity() == "keep":
        pytest.skip("root may not change its user here")


@pytest.mark.full
@pytest.mark.usefixtures("without_namespaces")
def test_postgres_runs_as_another_user_where_that_one_can_go(shared: Path) -> None:
    for _start in ("first", "second"):
        with engines.Engines() as running, psycopg.connect(engines.database_url()) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS note (text text)")
            connection.execute("INSERT INTO note VALUES ('kept')")
            postgres = running.started[0].process
            assert postgres is not None
            owner = Path(f"/proc/{postgres.pid}").stat().st_uid
            notes = connection.execute("SELECT count(*) FROM note").fetchone()

    assert pwd.getpwuid(owner).pw_name in {"postgres", "nobody"}
    assert notes == (2,)
    cluster = next(shared.glob("data-*/pg*"))
    assert stat.S_IMODE(cluster.stat().st_mode) == 0o700
    assert cluster.stat().st_uid == owner
