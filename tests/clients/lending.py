"""codat-lending 12: run with the client's own Python, `python -m tests.clients.lending`."""

from tests.clients.lending_cases import LENDING_CASES
from tests.clients.program import main

if __name__ == "__main__":
    main("codat_lending", LENDING_CASES)
