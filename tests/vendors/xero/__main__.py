"""Run the stand-in by hand: ``python -m tests.vendors.xero [--port N]``."""

import argparse
import threading

from tests.vendors.xero import XeroServer


def main() -> None:
    parser = argparse.ArgumentParser(description="Stand in for Xero.")
    parser.add_argument("--port", type=int, default=8020)
    port = parser.parse_args().port
    with XeroServer(port=port) as xero:
        print(f"Xero stands in at {xero.url}; see and change its books at {xero.url}/control")
        print(f"  XERO_URL={xero.url} script/server")
        print("Then enter in Settings → Integrations → Xero:")
        print(f"  client id      {xero.client_id}")
        print(f"  client secret  {xero.client_secret}", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print(f"{len(xero.requests)} requests; violations: {xero.violations or 'none'}")


if __name__ == "__main__":
    main()
