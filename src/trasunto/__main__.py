"""`python -m trasunto` is the command line."""

from trasunto.cli.main import main

main()
