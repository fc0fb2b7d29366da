"""The error of this package."""


class MockServerError(RuntimeError):
    """The mock did not start, has ended, or rejected a control request. The text says why."""
