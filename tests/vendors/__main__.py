"""Run a stand-in by hand: ``python -m tests.vendors xero [--port N]``."""

import argparse
import threading

from connections.platforms import PLATFORMS
from tests.vendors.quickbooks import QuickBooksServer
from tests.vendors.xero import XeroServer

_SERVERS: dict[str, type[QuickBooksServer | XeroServer]] = {
    "quickbooks": QuickBooksServer,
    "xero": XeroServer,
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Stand in for a vendor.")
    parser.add_argument("platform", choices=sorted(_SERVERS))
    parser.add_argument("--port", type=int, default=0, help="any free one unless given")
    given = parser.parse_args()
    name = PLATFORMS[given.platform].name
    with _SERVERS[given.platform](port=given.port) as server:
        print(f"{name} stands in at {server.url}; see and change its books at {server.url}/control")
        print(f"  {given.platform.upper()}_URL={server.url} script/server")
        print(f"Then enter in Settings → Integrations → {name}:")
        print(f"  client id      {server.client_id}")
        print(f"  client secret  {server.client_secret}", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print(f"{len(server.requests)} requests; violations: {server.violations or 'none'}")


if __name__ == "__main__":
    main()
