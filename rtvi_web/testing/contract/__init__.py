"""The tests that every transport must pass. Run them against a transport of your own.

A transport brings a :class:`Stage`: a bot, the network to it, and what can happen to both. The suite plays a real
``RTVIClient`` over the transport on that stage, speaks RTVI for the bot, and checks what the client's page sees::

    from rtvi_web.testing import contract


    class MyStage(contract.Stage):
        phases = (ConnectPhase.LINK, ConnectPhase.BOT)

        def make_transport(self):
            return MyTransport(self.server.address)

        async def start(self):
            self.server = await MyServer.start()

        async def stop(self):
            await self.server.stop()

        async def say(self, text):
            await self.server.bot.send(text)

        async def heard(self):
            return await self.server.bot.receive()

        async def leave(self):
            await self.server.bot.leave()


    @pytest.mark.parametrize("name", contract.tests_of(MyStage))
    async def test_my_transport(name):
        await contract.play(name, MyStage())

``contract.tests_of()`` names the tests for which the stage brings all that they need: without ``cut()``, for example,
no link is lost. Each method of :class:`Stage` says what it is for; the more of them you write, the more is tested.

The suite needs nothing but an event loop: it runs on CPython, also on a loop whose clock jumps, and in a page with
pytest-pyodide. A test fails with a :class:`ContractError`, which says what the transport should have done.
"""

from rtvi_web.testing.contract import connecting, ending, media, messages, sessions  # noqa: F401 - the tests
from rtvi_web.testing.contract.scene import ContractError
from rtvi_web.testing.contract.stage import Stage
from rtvi_web.testing.contract.suite import play, tests_of

__all__ = ["ContractError", "Stage", "play", "tests_of"]
