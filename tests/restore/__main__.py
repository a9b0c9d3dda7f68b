import sys

from tests.restore.drill import main

sys.exit(main())
