"""Which response an event belongs to."""

from __future__ import annotations

from rtvi_web.realtime.protocol.wire import Event, object_in, text_in


def attributed(event: Event, current_id: str) -> Event:
    """An event that names its response.

    Args:
        event: as it came.
        current_id: the response that events of no named response belong to.
    """
    match event["type"]:
        case "response.created":
            return event
        case "response.done" | "response.cancelled" as type:  # how some servers end a response
            given = object_in(event, "response")
            id = text_in(given, "id") or text_in(event, "response_id") or current_id
            status = {"status": "cancelled"} if type == "response.cancelled" else {}
            return {**event, "type": "response.done", "response": {**given, "id": id, **status}}
        case type if type.startswith("response.") and not text_in(event, "response_id"):
            return {**event, "response_id": current_id}
    return event
