"""The one exception that a user is meant to read."""


class UserError(Exception):
    """Something the user can mend, said in one sentence that names the thing and the remedy.

    Entry scripts print the sentence without a traceback and exit with status 1.
    """
