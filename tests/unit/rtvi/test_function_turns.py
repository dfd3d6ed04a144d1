"""An answer with function calls is one turn, however far its voice is behind the model."""

from __future__ import annotations

from typing import Any

from conversations import Heard
from hypothesis import given, settings
from hypothesis import strategies as st

SENTENCES = [
    "Let me see.",
    "You have 5 cats.",
    "It’s “really” nice — isn't it?",
    "- One is good.",
    "And so on",
    "好的。",
]
PARTS = st.lists(st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=3), min_size=2, max_size=3)
Message = tuple[str, dict[str, Any]]


def said_by(kind: str, sentences: list[str], ids: range) -> tuple[list[Message], list[Message]]:
    """What a bot announces of some sentences, and what its voice reports later."""
    if kind == "numbered":
        about = [
            {"text": each, "segment_id": id, "will_be_spoken": True} for each, id in zip(sentences, ids, strict=False)
        ]
        return (
            [("bot-output", {**each, "spoken_status": "new"}) for each in about],
            [("bot-output", {**each, "spoken_status": "completed"}) for each in about],
        )
    words = [("bot-tts-text", {"text": word}) for each in sentences for word in each.split()]
    if kind == "bot-tts-text":
        return [], words
    announced = [("bot-output", {"text": each, "spoken": False}) for each in sentences]
    return announced, [("bot-output", {**data, "spoken": True, "aggregated_by": "word"}) for _, data in words]


@given(PARTS, st.sampled_from(["numbered", "bot-tts-text", "words"]), st.booleans(), st.data())
@settings(max_examples=200, deadline=None)
def test_any_answer_with_function_calls(
    parts: list[list[str]], kind: str, has_marker: bool, data: st.DataObject
) -> None:
    heard = Heard()
    waiting: list[Message] = []
    is_speaking = False

    def speak(count: int) -> None:
        nonlocal is_speaking
        if waiting and count and not is_speaking:
            heard.hear("bot-started-speaking")
            is_speaking = True
        for type, message in waiting[:count]:
            heard.hear(type, **message)
        del waiting[:count]
        if is_speaking and not waiting:
            heard.hear("bot-stopped-speaking")
            is_speaking = False

    for number, sentences in enumerate(parts):
        heard.hear("bot-llm-started")
        for piece in ["✓ ", *" ".join(sentences)] if has_marker else [" ".join(sentences)]:
            heard.hear("bot-llm-text", text=piece)
        heard.hear("bot-llm-stopped")
        announced, reported = said_by(kind, sentences, range(10 * number, 10 * number + 10))
        for type, message in announced:
            heard.hear(type, **message)
        waiting += reported
        if number < len(parts) - 1:
            heard.hear("llm-function-call-in-progress", tool_call_id=f"{number}", function_name="f")
            speak(data.draw(st.integers(0, 10)))
            heard.hear("llm-function-call-stopped", tool_call_id=f"{number}")
            speak(data.draw(st.integers(0, 10)))
    speak(len(waiting))
    [turn] = heard.conversation.turns
    text = " ".join(" ".join(sentences) for sentences in parts)
    assert turn.text.replace("。 ", "。") == text.replace("。 ", "。")
    assert (turn.spoken, turn.output.will_say) == (turn.text, "")
    assert turn.ended
    assert [call.status for call in turn.function_calls] == ["done"] * (len(parts) - 1)
