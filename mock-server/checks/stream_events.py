"""Shows schemathesis the schema of a stream's events, so that it checks each of them.

The documents describe a stream as text whose content is an array of events, as OpenAPI 3.1 can.
schemathesis reads the schema of a stream as the schema of one event.
"""

import schemathesis


@schemathesis.hook
def before_load_schema(context, raw_schema):
    for path in raw_schema["paths"].values():
        for operation in path.values():
            if not isinstance(operation, dict):
                continue
            for response in operation["responses"].values():
                stream = response.get("content", {}).get("text/event-stream")
                if stream:
                    stream["schema"] = stream["schema"]["contentSchema"]["items"]
                    # The example is text, not an event.
                    del stream["example"]
