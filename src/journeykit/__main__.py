"""`python -m journeykit` is the same as the command `journeykit`."""

from journeykit.cli import main

if __name__ == "__main__":
    main()
