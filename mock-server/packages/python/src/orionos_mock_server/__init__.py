"""A mock of the OrionOS API for tests.

```python
from orionos_mock_server import MockServer

with MockServer(agents=["Harbour Pilot"]) as mock:
    mock.fault(status=503, on="send_message", times=2)
    ...  # the code under test calls mock.base_url with mock.api_key
    mock.verify(operation="send_message", count=3)
```
"""

from ._binary import find_binary
from ._errors import MockServerError
from ._server import MockServer

__all__ = ["MockServer", "MockServerError", "find_binary"]
__version__ = "0.1.0"
