"""What a server of ours says to a request that it does not answer."""


class RefusedError(ValueError):
    """A request that cannot be answered, in one sentence for people; it ends the request, never the server."""

    def __init__(self, sentence: str, status: int = 400) -> None:
        super().__init__(sentence)
        self.status = status
        """HTTP's number for it."""
