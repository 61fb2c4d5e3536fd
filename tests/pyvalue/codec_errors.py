"""The exception that the test module raises for a codec error."""


class CodecError(Exception):
    """args: kind, path, message, limit."""

    @property
    def kind(self) -> str:
        return self.args[0]

    @property
    def path(self) -> str:
        return self.args[1]

    @property
    def message(self) -> str:
        return self.args[2]

    @property
    def limit(self) -> str:
        return self.args[3]
