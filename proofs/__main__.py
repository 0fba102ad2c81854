"""``python -m proofs``: every statement checked, a line each; or, by number, checked and written out."""

from equivalence.cli.proofs import app

if __name__ == "__main__":
    app()
