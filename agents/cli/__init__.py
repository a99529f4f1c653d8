"""The command line, one command a file: each module exposes ``command``, under its own name with dashes."""
