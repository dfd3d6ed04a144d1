"""Messages of the page beside the conversation: keys, events and commands; and bots that do not know them."""

from __future__ import annotations

from typing import Any

import pytest
from sessions import Transport, session, turns

from rtvi_web import (
    InvalidArgumentError,
    RTVIClient,
    UnsupportedFeatureError,
)
from rtvi_web.testing import expect, say

pytestmark = pytest.mark.usefixtures("tidy")


class TestKeys:
    @pytest.mark.parametrize("version", ["2.1.0", "2.2.0", "3.0", "10.0.0"])
    async def test_names_of_current_servers(self, version: str) -> None:
        run = await session(expect("dtmf", {"buttons": ["1", "*", "#"]}), version=version)
        run.client.send_dtmf("1*#")
        run.transport.finish()
        await run.client.disconnect()

    @pytest.mark.parametrize("version", ["2.0.0", "1.2.0", "0.3.0", "", "nonsense"])
    async def test_names_of_older_servers(self, version: str) -> None:
        run = await session(expect("dtmf", {"button": "1"}), expect("dtmf", {"button": "2"}), version=version)
        run.client.send_dtmf("12")
        run.transport.finish()
        await run.client.disconnect()

    @pytest.mark.parametrize("keys", ["", "12a", "1 2", None, 5, "\u0661"])
    async def test_keys_that_no_telephone_has_are_refused(self, keys: Any) -> None:
        with pytest.raises(InvalidArgumentError, match="Invalid DTMF sequence"):
            RTVIClient(transport=Transport()).send_dtmf(keys)


class TestBotsThatDoNotUnderstand:
    async def test_the_page_is_told_once_and_nothing_more_is_sent(self) -> None:
        refusal = say("error-response", {"error": "Unsupported type dtmf"}, answers=True)
        run = await session(expect("dtmf"), refusal)
        run.client.send_dtmf("1")
        await turns(5)
        [error] = run.arguments("unsupportedFeature")
        assert isinstance(error, UnsupportedFeatureError)
        assert error.feature == "dtmf"
        with pytest.raises(UnsupportedFeatureError, match="does not know the message 'dtmf'"):
            run.client.send_dtmf("1")
        run.transport.finish()
        await run.client.disconnect()


class TestThePage:
    async def test_events_and_jobs(self) -> None:
        run = await session(
            expect("ui-event", {"event": "click", "payload": {"id": 1}}),
            expect("ui-event", {"event": "hello"}),
            expect("ui-cancel-job-group", {"job_id": "7", "reason": "bored"}),
            expect("ui-cancel-job-group", {"job_id": "8"}),
        )
        run.client.send_ui_event("click", {"id": 1})
        run.client.send_ui_event("hello")
        assert run.transport.sent[-1]["data"] == {"event": "hello"}, "without a payload"
        run.client.cancel_ui_job_group("7", "bored")
        run.client.cancel_ui_job_group("8")
        run.transport.finish()
        assert "reason" not in run.transport.sent[-1]["data"]
        await run.client.disconnect()

    async def test_commands(self) -> None:
        group = {"kind": "job_completed", "job_id": "7", "worker_name": "w", "status": "completed", "response": [1]}
        run = await session(
            expect("send-text"),
            say("ui-command", {"command": "toast", "payload": {"title": "x"}}),
            say("ui-job-group", group),
        )
        run.client.send_text("go")
        await turns(5)
        [command] = run.arguments("uiCommand")
        assert (command.command, command.payload) == ("toast", {"title": "x"})
        [job] = run.arguments("uiJobGroup")
        assert (job.kind, job.status, job.response) == ("job_completed", "completed", [1])
        await run.client.disconnect()

    async def test_append_to_context_warns_that_it_is_deprecated(self) -> None:
        run = await session(expect("append-to-context", {"role": "user", "content": "x", "run_immediately": True}))
        with pytest.warns(DeprecationWarning, match="send_text"):
            run.client.append_to_context("user", "x", run_immediately=True)
        run.transport.finish()
        await run.client.disconnect()
