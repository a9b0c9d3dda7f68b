"""codat-platform 5 and 6: run with the client's own Python, `python -m tests.clients.platform`."""

from tests.clients.cases import CASES
from tests.clients.program import main

if __name__ == "__main__":
    main("codat_platform", CASES)
