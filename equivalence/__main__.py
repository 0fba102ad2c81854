"""``python -m equivalence``: the toolkit on the command line."""

from equivalence.cli.main import made

if __name__ == "__main__":
    made(completes=False)()
