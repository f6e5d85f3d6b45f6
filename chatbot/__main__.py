"""`python -m chatbot`, the same as the command `chatbot`."""

import sys

try:
    from chatbot.cli import main
except KeyboardInterrupt:
    sys.exit(130)

if __name__ == "__main__":
    main()
