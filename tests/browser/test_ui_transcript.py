"""The widget of the transcript."""

from pytest_pyodide import run_in_pyodide


@run_in_pyodide
async def test_the_transcript_grows_and_tells_each_turn_once(selenium):
    import js
    from loopback import until
    from widgets import scripted, stage, texts

    from rtvi_web import ui
    from rtvi_web.testing import expect, handshake, say

    with stage() as place:
        client = scripted(
            *handshake(),
            expect("client-message"),
            say("user-transcription", {"text": "what <b>ti", "final": False, "timestamp": "", "user_id": ""}),
            expect("client-message"),
            say(
                "user-transcription", {"text": "What <b>time</b> is it?", "final": True, "timestamp": "", "user_id": ""}
            ),
            expect("client-message"),
            say("bot-llm-started"),
            say("bot-llm-text", {"text": "It is "}),
            say("bot-llm-text", {"text": "noon."}),
            expect("client-message"),
            say("bot-llm-stopped"),
            say("bot-started-speaking"),
            say("bot-stopped-speaking"),
            expect("client-message"),
            say("user-transcription", {"text": "Thanks.", "final": True, "timestamp": "", "user_id": ""}),
            say("bot-llm-started"),
            say("bot-llm-text", {"text": "Bye."}),
            say("bot-interrupted"),
        )
        widget = ui.transcript(client, into=place)
        root = widget.element
        announced = []
        live = root.querySelector("[role=log]")
        assert texts(root, ".rtvi-empty") == ["What is said appears here."]
        await client.connect()

        async def go_on(condition):
            client.send_client_message("go on")
            await until(condition)
            announced.append(live.textContent)

        await go_on(lambda: texts(root, ".user .rtvi-rest") == ["what <b>ti"])
        await go_on(lambda: texts(root, ".user .rtvi-text") == ["What <b>time</b> is it?"])
        await go_on(lambda: texts(root, ".bot .rtvi-text") == ["It is noon."])
        assert texts(root, ".rtvi-doing") == ["The bot is thinking…"]
        assert root.querySelector(".bot").hasAttribute("data-going-on")
        await go_on(lambda: not root.querySelector(".bot").hasAttribute("data-going-on"))
        assert announced == ["", "", "You: What <b>time</b> is it?", "Bot: It is noon."]
        assert not root.querySelector(".rtvi-turns b b, .rtvi-text b")
        assert js.getComputedStyle(root.querySelector(".rtvi-empty")).display == "none"
        late = ui.transcript(client, into=place)
        assert texts(late.element, ".rtvi-text") == ["What <b>time</b> is it?", "It is noon."]
        assert late.element.querySelector("[role=log]").textContent == ""
        await go_on(lambda: texts(root, "[role=log] p") == ["You: Thanks.", "Bot: Bye."])
        client.conversation.clear()
        await until(lambda: not texts(root, ".rtvi-turn"))
        assert js.getComputedStyle(root.querySelector(".rtvi-empty")).display != "none"
        await client.disconnect()
        widget.close()
        late.close()


@run_in_pyodide
async def test_a_closed_transcript_keeps_nothing_of_the_conversation(selenium):
    import gc

    import js
    from loopback import until
    from widgets import scripted, stage

    from rtvi_web import ui
    from rtvi_web.testing import expect, handshake, say

    def objects_of_javascript():
        gc.collect()
        return js.pyodide._module.hiwire.num_keys()

    def closed_transcript():
        widget = ui.transcript(client, into=place)
        shown = widget.element.querySelectorAll(".rtvi-turn").length
        widget.close()
        return widget, shown

    with stage() as place:
        person = {"text": "Hello.", "final": True, "timestamp": "", "user_id": ""}
        answer = [say("bot-llm-started"), say("bot-llm-text", {"text": "Hi."}), say("bot-llm-stopped")]
        turns = [say("user-transcription", person), *answer] * 10
        client = scripted(*handshake(), expect("client-message"), *turns)
        await client.connect()
        before = objects_of_javascript()
        kept = [closed_transcript()]
        size = objects_of_javascript() - before
        client.send_client_message("go on")
        await until(lambda: len(client.conversation.turns) == 20)
        kept.append(closed_transcript())
        assert [shown for _, shown in kept] == [0, 20]
        assert objects_of_javascript() == before + 2 * size
        await client.disconnect()


@run_in_pyodide
async def test_the_transcript_shows_who_speaks_if_there_are_several(selenium):
    from loopback import until
    from widgets import scripted, stage, texts

    from rtvi_web import ui
    from rtvi_web.testing import expect, handshake, say

    with stage() as place:
        client = scripted(
            *handshake(),
            say("user-transcription", {"text": "One.", "final": True, "timestamp": "1", "user_id": "ann"}),
            expect("client-message"),
            say("user-transcription", {"text": "Two.", "final": True, "timestamp": "2", "user_id": "<b>"}),
            say("bot-tts-text", {"text": "Three."}),
        )
        widget = ui.transcript(client, into=place)
        await client.connect()
        await until(lambda: texts(place, ".rtvi-who") == ["You"])
        client.send_client_message("go on")
        await until(lambda: texts(place, ".rtvi-who") == ["ann", "<b>", "Bot"])
        assert texts(place, "[role=log] p") == ["ann: One.", "<b>: Two."]
        await client.disconnect()
        widget.close()


@run_in_pyodide
async def test_the_transcript_shows_what_was_not_said_and_what_was_called(selenium):
    from loopback import until
    from widgets import scripted, stage, texts

    from rtvi_web import ui
    from rtvi_web.testing import expect, handshake, say

    go_on = expect("client-message")
    call = {"tool_call_id": "1", "function_name": "set_page_color", "arguments": {"color": "green"}}
    with stage() as place:
        client = scripted(
            *handshake(),
            say("bot-llm-started"),
            say("bot-llm-text", {"text": "One, two, three."}),
            say("llm-function-call-in-progress", call),
            say("bot-started-speaking"),
            say("bot-tts-text", {"text": "One, two,"}),
            go_on,
            say("llm-function-call-stopped", {"tool_call_id": "1", "cancelled": False}),
            say("user-started-speaking"),
            say("bot-stopped-speaking"),
            go_on,
            say("user-transcription", {"text": "Next", "final": False, "timestamp": "", "user_id": ""}),
            go_on,
            say("user-transcription", {"text": "Next word", "final": False, "timestamp": "", "user_id": ""}),
        )
        widget = ui.transcript(client, into=place)
        await client.connect()
        await until(lambda: texts(place, ".rtvi-rest") == [" three."])
        assert texts(place, ".rtvi-call") == ["set_page_color(color='green') …"]
        client.send_client_message("go on")
        await until(lambda: texts(place, ".rtvi-call") == ["set_page_color(color='green')"])
        assert place.querySelector(".bot").hasAttribute("data-interrupted")
        assert texts(place, ".bot .rtvi-text") == ["One, two, three."]
        client.conversation.clear()  # What a conversation forgets, the page forgets too.
        client.send_client_message("go on")
        await until(lambda: texts(place, ".rtvi-text") == ["Next"])
        client.send_client_message("go on")
        await client.wait_for("conversationUpdated")
        widget.close()  # before the change is shown
        await client.disconnect()
