"""Why a request is not painted: one sentence, and the status of HTTP that goes with it; imports no torch."""


class Refusal(Exception):  # noqa: N818 - what is refused is no error of ours
    """A request that cannot be answered with a painting.

    Args:
        status: of HTTP, 400 to 599.
        sentence: for whoever asked; names nothing of this machine.
    """

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(status, sentence)
        self.status, self.sentence = status, sentence
