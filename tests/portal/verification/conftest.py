from tests.files.conftest import shelf  # noqa: F401 - uploaded files are looked at, too
