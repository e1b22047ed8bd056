"""What an error offers in place of a name that is not there."""

from trasunto.errors import LISTED, near


def test_near_names_come_first_else_what_there_is_and_of_many_the_first():
    assert near("tre", ["tree", "bayes"]) == "Did you mean 'tree'?"
    assert near("zzz", ["tree", "bayes"]) == "There are: bayes, tree."
    assert near("zzz", []) == "There are none."
    many = [f"x{number:03}" for number in range(LISTED + 60)]
    assert near("zzz", many).endswith(f"x{LISTED - 1:03}, and 60 more.")
