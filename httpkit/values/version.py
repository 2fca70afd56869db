"""The version of this library, and what it calls itself."""

import sys

VERSION = "0.1.0"
USER_AGENT = f"Python/{sys.version_info[0]}.{sys.version_info[1]} httpkit/{VERSION}"
