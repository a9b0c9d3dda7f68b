"""Run one command beside the engines: `python -m engines COMMAND…`.

It finds them in `DATABASE_URL` and `REDIS_URL`.
"""

import os
import subprocess
import sys

from engines import Engines, database_url, redis_url

with Engines():
    addresses = {"DATABASE_URL": database_url(), "REDIS_URL": redis_url()}
    ended = subprocess.run(sys.argv[1:], env=os.environ | addresses, check=False)
sys.exit(ended.returncode)
