"""The client in a page against a real RTVI 0.3 bot (Pipecat 0.0.73): configuration, sessions, refusals."""

from in_page import InPagePython
from rtvi_0_3_page import open_page  # noqa: F401
from rtvi_0_3_server import Rtvi03Servers


def test_configuration(page: InPagePython) -> None:
    result = page.run("""
        client = new_client()
        heard = []
        client.on(RTVIEvent.CONFIG, heard.append)
        ready = await client.connect()
        before = await client.get_config()
        after = await client.update_config([{"service": "tts", "options": [{"name": "voice", "value": "echo"}]}])
        refused = await failure(client.update_config([{"service": "nope", "options": []}]))
        wrong = await failure(client.update_config([{"service": "tts", "options": [{"name": "pitch", "value": 5}]}]))
        described = await client.describe_config()
        wish = await client.set_config_options([{"service": "llm", "options": [{"name": "temperature", "value": 0.5}]}])
        result = {
            "ready": [ready.version, ready.config],
            "before": before,
            "after": await client.get_service_option_value_from_config("tts", "voice", after),
            "fetched": await client.get_service_option_value_from_config("tts", "voice"),
            "apart": client.params.config == CONFIG,
            "heard": [config == after for config in heard],
            "refused": [refused, wrong["type"]],
            "described": {service.name: [option.name for option in service.options] for service in described.config},
            "wish": await client.get_service_option_value_from_config("llm", "temperature", wish),
            "unchanged": await client.get_service_option_value_from_config("llm", "temperature"),
        }
        await client.disconnect()
    """)
    version, config = result["ready"]
    assert version == "0.3.0"
    assert config == result["before"]
    assert {"service": "tts", "options": [{"name": "voice", "value": "alloy"}]} in config
    assert result["after"] == result["fetched"] == "echo"
    assert result["apart"], "the page's wish stays"
    assert result["heard"][1], "update_config() fires the event, too"
    refused, wrong = result["refused"]
    assert (refused["type"], refused["status"], wrong) == ("ConfigUpdateError", 400, "ConfigUpdateError")
    assert "nope" in refused["text"]
    assert result["described"]["tts"] == ["voice"]
    assert (result["wish"], result["unchanged"]) == (0.5, None)


def test_the_documents_first_example_as_it_stands(page: InPagePython, rtvi_0_3_server: Rtvi03Servers) -> None:
    """The document "Client constructor"; only the address and the transport are ours."""
    ready, said, config, answer = page.run("""
        said = []
        client = RTVIClient(
            transport=SmallWebRTCTransport(),
            params={
                "baseUrl": BASE,
                "services": {
                    "stt": "deepgram",
                    "llm": "together",
                    "tts": "cartesia",
                },
                "config": [
                    {
                        "service": "tts",
                        "options": [
                            {"name": "voice", "value": "79a125e8-cd45-4c13-8a67-188112f4dd22"},
                        ],
                    },
                    {
                        "service": "llm",
                        "options": [
                            {"name": "model", "value": "meta-llama/Meta-Llama-3.1-8B-Instruct-Turbo"},
                            {
                                "name": "messages",
                                "value": [
                                    {
                                        "role": "system",
                                        "content": "You are a assistant called ExampleBot. You can ask me anything. "
                                        "Keep responses brief and legible. Your responses will be converted to audio, "
                                        "so please avoid using any special characters except '!' or '?'.",
                                    },
                                ],
                            },
                        ],
                    },
                ],
            },
            enable_mic=True,
            enable_cam=False,
            timeout=15,
            callbacks={
                "onConnected": lambda: said.append("[CALLBACK] User connected"),
                "onDisconnected": lambda: said.append("[CALLBACK] User disconnected"),
                "onTransportStateChanged": lambda state: said.append(f"[CALLBACK] State change: {state}"),
                "onBotConnected": lambda: said.append("[CALLBACK] Bot connected"),
                "onBotDisconnected": lambda: said.append("[CALLBACK] Bot disconnected"),
                "onBotReady": lambda: said.append("[CALLBACK] Bot ready to chat!"),
            },
        )
        ready = await client.connect()
        answer = await answer_to(client, "who are you")
        config = await client.get_config()
        await client.disconnect()
        result = [ready.version, said, config, answer]
    """)
    assert ready == "0.3.0"
    assert [line for line in said if "State" not in line][:3] == [
        "[CALLBACK] User connected",
        "[CALLBACK] Bot connected",
        "[CALLBACK] Bot ready to chat!",
    ]
    assert said[-1] == "[CALLBACK] User disconnected"
    assert [[option["name"] for option in service["options"]] for service in config] == [
        ["voice"],
        ["model", "messages"],
    ]
    assert answer == "I am Together's model."


def test_the_documents_configuration_as_it_stands(page: InPagePython) -> None:
    """The document "Configuration", of the time when the client was called VoiceClient; the bot speaks first."""
    result = page.run("""
        voice_client = RTVIClient(
            transport=SmallWebRTCTransport(),
            params={
                "base_url": BASE,
                "services": {"llm": "together"},
                "config": [
                    {"service": "vad", "options": [{"name": "params", "value": {"stop_secs": 3.0}}]},
                    {
                        "service": "tts",
                        "options": [{"name": "voice", "value": "79a125e8-cd45-4c13-8a67-188112f4dd22"}],
                    },
                    {
                        "service": "llm",
                        "options": [
                            {"name": "model", "value": "meta-llama/Meta-Llama-3.1-8B-Instruct-Turbo"},
                            {
                                "name": "initial_messages",
                                "value": [
                                    {
                                        "role": "system",
                                        "content": "You are a assistant called ExampleBot. You can ask me anything. "
                                        "Keep responses brief and legible. Your responses will converted to audio. "
                                        "Please do not include any special characters in your response other than "
                                        "'!' or '?'. Start by briefly introducing yourself.",
                                    },
                                ],
                            },
                            {"name": "run_on_config", "value": True},
                        ],
                    },
                ],
            },
            enable_mic=False,
        )
        speaks = asyncio.ensure_future(voice_client.wait_for(RTVIEvent.BOT_STARTED_SPEAKING, timeout=PATIENCE))
        await asyncio.sleep(0)
        await voice_client.connect()
        await speaks
        config = await voice_client.get_bot_config()
        new_config = await voice_client.update_config([{"service": "vad", "options": [{"stop_secs": 0.5}]}])
        configuration_metadescription = await voice_client.describe_config()
        await voice_client.disconnect()
        result = [
            [service["service"] for service in config],
            await voice_client.get_service_option_value_from_config("vad", "stop_secs", new_config),
            [service.service for service in configuration_metadescription.config],
        ]
    """)
    assert result == [["vad", "tts", "llm"], 0.5, ["vad", "tts", "llm"]]


def test_the_choice_of_a_provider_changes_the_answer(page: InPagePython) -> None:
    said = page.run("""
        result = []
        for provider in ("openai", "together"):
            client = new_client(services={"llm": provider})
            await client.connect()
            result.append(await answer_to(client, "who are you"))
            await client.disconnect()
    """)
    assert said == ["I am OpenAI's model.", "I am Together's model."]


def test_interruption_of_a_bot_that_speaks(page: InPagePython) -> None:
    result = page.run("""
        client = new_client()
        await client.connect()
        speaks = asyncio.ensure_future(client.wait_for(RTVIEvent.BOT_STARTED_SPEAKING, timeout=PATIENCE))
        silent = asyncio.ensure_future(client.wait_for(RTVIEvent.BOT_STOPPED_SPEAKING, timeout=PATIENCE))
        await asyncio.sleep(0)
        text = "This is a long sentence, and it takes its time, so that there is something to be cut off. " * 3
        await client.action({"service": "tts", "action": "say", "arguments": {"text": text}})
        await speaks
        state = client.bot_state
        clock = asyncio.get_running_loop().time
        before = clock()
        response = await client.action({"service": "tts", "action": "interrupt"})
        await silent
        result = [state, response.data.result, clock() - before]
        await client.disconnect()
    """)
    state, interrupted, took = result
    assert (state, interrupted) == ("speaking", True)
    assert took < 10, "it was silent long before the sentence was over, which takes 18 s"


def test_the_connect_endpoint_refuses_and_the_handler_goes_round_it(page: InPagePython) -> None:
    result = page.run("""
        refused = await failure(new_client(services=None, config=None).connect())

        async def handler(params, timeout, abort_controller):
            response = await js.fetch(
                client.construct_url(params.endpoints.connect),
                method="POST",
                headers=js.Object.fromEntries([["Content-Type", "application/json"]]),
                body=json.dumps({"services": params.services, "config": params.config}),
                signal=abort_controller.signal,
            )
            timeout.clear()
            return await response.json()

        client = RTVIClient(
            transport=SmallWebRTCTransport(),
            params={"base_url": BASE, "services": {"llm": "openai"}, "config": CONFIG},
            enable_mic=False,
            custom_connect_handler=handler,
        )
        ready = await client.connect()
        await client.disconnect()

        async def aborting(params, timeout, abort_controller):
            abort_controller.abort()
            await js.fetch(client.construct_url("connect"), signal=abort_controller.signal)

        transport = SmallWebRTCTransport()
        client = RTVIClient(
            transport=transport, params={"base_url": BASE}, enable_mic=False, custom_connect_handler=aborting
        )
        aborted = await failure(client.connect())
        result = [refused, ready.version, aborted["type"], client.state]
    """)
    refused, version, aborted, state = result
    assert (refused["type"], refused["status"], refused["phase"]) == ("StartBotError", 400, "start")
    assert version == "0.3.0"
    assert (aborted, state) == ("ConnectAbortedError", "error")


def test_disconnect_bot(page: InPagePython) -> None:
    result = page.run("""
        client = new_client()
        await client.connect()
        gone = asyncio.ensure_future(client.wait_for(RTVIEvent.BOT_DISCONNECTED, timeout=PATIENCE))
        over = asyncio.ensure_future(client.wait_for(RTVIEvent.DISCONNECTED, timeout=PATIENCE))
        await asyncio.sleep(0)
        client.disconnect_bot()
        await asyncio.gather(gone, over)
        result = client.state
    """)
    assert result == "disconnected"


def test_an_offer_that_cannot_be_answered_is_refused(page: InPagePython, rtvi_0_3_server: Rtvi03Servers) -> None:
    """As one is that comes when the bot is just leaving: the page can read why."""
    result = page.run(
        """
        client = new_client()
        bots = []
        client.on(RTVIEvent.BOT_CONNECTED, bots.append)
        await client.connect()
        offer = {"sdp": "m=nonsense", "type": "offer", "pc_id": bots[0].id}
        headers = js.Object.fromEntries([["Content-Type", "application/json"]])
        refused = await js.fetch(url, method="POST", headers=headers, body=json.dumps(offer))
        result = [refused.status, (await refused.json()).detail, client.state]
        await client.disconnect()
        """,
        url=f"{rtvi_0_3_server.bot_url}/api/offer",
    )
    assert result == [400, "the offer cannot be answered: ", "ready"]
