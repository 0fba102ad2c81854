"""``python -m equivalence``: the toolkit on the command line."""

from equivalence.cli.main import app

if __name__ == "__main__":
    app()
