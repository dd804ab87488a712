"""The comparison from the command line.

    python tools/compare_nnsight --page docs/reference/nnsight.md

Needs, in an environment of its own, `nnsight==0.8.1`, `transformers==5.23.0`, torch and pellucid.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from compare_nnsight.run import main

sys.exit(main())
