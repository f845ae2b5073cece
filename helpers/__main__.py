"""`python -m helpers`: the command line is in `helpers.cli`."""

import sys

if __name__ == "__main__":
    try:
        from helpers.cli import main
    except ModuleNotFoundError as error:
        sys.exit(
            f"error: this Python lacks {error.name}: activate the course's environment"
            " (source .venv/bin/activate), or run\n"
            f"  python -m tools.course python -m helpers {' '.join(sys.argv[1:])}"
        )
    sys.exit(main())
