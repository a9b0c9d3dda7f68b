"""Run the stand-in by hand: ``python -m tests.vendors.quickbooks [--port N]``."""

import argparse
import threading

from tests.vendors.quickbooks import QuickBooksServer


def main() -> None:
    parser = argparse.ArgumentParser(description="Stand in for QuickBooks Online.")
    parser.add_argument("--port", type=int, default=8021)
    port = parser.parse_args().port
    with QuickBooksServer(port=port) as quickbooks:
        url = quickbooks.url
        print(f"QuickBooks stands in at {url}; see and change its books at {url}/control")
        print(f"  QUICKBOOKS_URL={url} script/server")
        print("Then enter in Settings → Integrations → QuickBooks Online:")
        print(f"  client id      {quickbooks.client_id}")
        print(f"  client secret  {quickbooks.client_secret}", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            violations = quickbooks.violations or "none"
            print(f"{len(quickbooks.requests)} requests; violations: {violations}")


if __name__ == "__main__":
    main()
