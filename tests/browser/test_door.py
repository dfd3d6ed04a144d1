"""The door: whatever JavaScript does, Python goes on."""

import pytest
from pytest_pyodide import run_in_pyodide

REJECTIONS = [
    ("'a string'", "string", "a string"),
    ("undefined", "undefined", ""),
    ("null", "null", ""),
    ("7", "number", "7"),
    ("true", "boolean", "True"),
    ("({code: 7})", "Object", '{"code":7}'),
    ("new Event('boom')", "Event", '{"isTrusted":false}'),
    ("new TypeError('wrong')", "TypeError", "wrong"),
    ("new DOMException('no', 'NotAllowedError')", "NotAllowedError", "no"),
    ("Object.assign(Object.create(null), {a: 1})", "object", '{"a":1}'),
    ("(() => { const self = {}; self.self = self; return self; })()", "Object", "[object Object]"),
]


@pytest.mark.parametrize(("reason", "name", "message"), REJECTIONS)
@run_in_pyodide
async def test_every_rejection_is_a_js_error(selenium, reason, name, message):
    import js
    import pytest

    from rtvi_web.browser import _js

    target = js.eval("({reject() { return Promise.reject(" + reason + "); }})")
    with pytest.raises(_js.JsError) as caught:
        await _js.call(target, "reject")
    assert (caught.value.name, caught.value.message) == (name, message)


@run_in_pyodide
async def test_an_exact_device_that_is_gone(selenium):
    import js
    import pytest

    from rtvi_web.browser import _js

    constraints = {"audio": {"deviceId": {"exact": "gone"}}}
    with pytest.raises(_js.JsError) as caught:
        await _js.call(js.navigator.mediaDevices, "getUserMedia", constraints)
    assert caught.value.name == "OverconstrainedError"


@pytest.mark.parametrize("thrown", ["'text'", "new TypeError('text')"])
@run_in_pyodide
async def test_what_is_thrown_at_once_is_a_js_error(selenium, thrown):
    import js
    import pytest

    from rtvi_web.browser import _js

    target = js.eval("({throwing() { throw " + thrown + "; }})")
    with pytest.raises(_js.JsError, match="text"):
        await _js.call(target, "throwing")
    with pytest.raises(_js.JsError, match="text"), _js.guarded():
        target.throwing()


@run_in_pyodide
async def test_call_passes_this_and_the_arguments_and_returns_the_value(selenium):
    import js

    from rtvi_web.browser import _js

    target = js.eval("({base: 1, async add(...args) { return [this.base, args.length, JSON.stringify(args)]; }})")
    base, count, args = await _js.call(target, "add", "a", {"b": [1, {"c": None}]}, [True])
    assert (base, count, args) == (1, 3, '["a",{"b":[1,{}]},[true]]')


@run_in_pyodide
async def test_null_is_none_on_this_side_and_null_on_that(selenium):
    import js

    from rtvi_web.browser import _js

    target = js.eval("({async nothing() { return null; }, async isNull(x) { return x === null; }})")
    assert await _js.call(target, "nothing") is None
    assert await _js.call(target, "isNull", _js.null) is True
    assert _js.or_none(js.eval("null")) is None
    assert _js.or_none(0) == 0


@run_in_pyodide
async def test_cancelling_a_call_that_never_ends_leaves_nothing(selenium):
    import asyncio
    import gc
    import weakref

    import js
    import pytest

    from rtvi_web.browser import _js

    class Held:
        pass

    async def wait(held):
        await _js.call(js.eval("({never() { return new Promise(() => {}); }})"), "never")

    held = Held()
    seen = weakref.ref(held)
    task = asyncio.ensure_future(wait(held))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    del task, held
    await asyncio.sleep(0.01)
    gc.collect()
    assert seen() is None


@run_in_pyodide
async def test_a_value_that_comes_after_the_cancellation_is_given_back(selenium):
    import asyncio

    import js

    from rtvi_web.browser import _js

    target = js.eval(
        "(() => { let give; return {slow() { return new Promise(r => give = r); }, now() { give(7); }} })()"
    )
    given_back = asyncio.get_running_loop().create_future()
    task = asyncio.ensure_future(_js.call(target, "slow", late=given_back.set_result))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()
    target.now()
    assert await given_back == 7


@run_in_pyodide
async def test_a_rejection_that_comes_after_the_cancellation_is_quiet(selenium):
    import asyncio

    import js
    from loopback import until

    from rtvi_web.browser import _js

    before = asyncio.all_tasks()
    target = js.eval("({slow() { return new Promise((_, no) => this.refuse = no); }})")
    task = asyncio.ensure_future(_js.call(target, "slow", late=print))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task})
    target.refuse("late")
    await until(lambda: asyncio.all_tasks() == before)  # The leak gate would tell of an exception.


@run_in_pyodide
async def test_a_scope_undoes_last_in_first_out_and_goes_on_after_a_failure(selenium):
    import asyncio

    from rtvi_web.browser import _js

    undone, reported = [], []
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    loop.set_exception_handler(lambda loop, context: reported.append(context["exception"]))
    scope = _js.Scope()
    scope.defer(lambda: undone.append("first"))
    scope.defer(lambda: 1 / 0)
    scope.defer(lambda: undone.append("last"))
    scope.close()
    scope.close()
    loop.set_exception_handler(before)
    assert undone == ["last", "first"]
    assert [type(error) for error in reported] == [ZeroDivisionError]


@run_in_pyodide
async def test_a_handlers_exception_goes_to_the_loop_and_never_into_javascript(selenium):
    import asyncio
    import sys

    import js

    from rtvi_web.browser import _js

    reported = []
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    loop.set_exception_handler(lambda loop, context: reported.append(context["exception"]))
    scope, target = _js.Scope(), js.EventTarget.new()
    scope.listen(target, "ping", lambda event: 1 / 0)
    scope.listen(target, "ping", lambda event: sys.exit(1))
    assert target.dispatchEvent(js.Event.new("ping")) is True
    scope.close()
    loop.set_exception_handler(before)
    assert [type(error) for error in reported] == [ZeroDivisionError, SystemExit]


@run_in_pyodide
async def test_listeners_hear_until_the_scope_closes_even_from_inside(selenium):
    import js

    from rtvi_web.browser import _js

    heard = []
    scope, target = _js.Scope(), js.EventTarget.new()

    def once(event):
        heard.append(event.type)
        scope.close()

    scope.listen(target, "ping", once)
    target.dispatchEvent(js.Event.new("ping"))
    target.dispatchEvent(js.Event.new("ping"))
    assert heard == ["ping"]


@run_in_pyodide
async def test_javascript_gets_undefined_from_a_handler(selenium):
    import js

    from rtvi_web.browser import _js

    scope = _js.Scope()
    function = scope.function(lambda value: [value])
    assert js.eval("(f) => f(1) === undefined")(function)
    scope.close()


@run_in_pyodide
def test_what_the_page_lacks_is_named(selenium):
    import pytest

    from rtvi_web import NotInBrowserError
    from rtvi_web.browser import _js

    with pytest.raises(NotInBrowserError, match="This browser has no NoSuchThing"):
        _js.construct("NoSuchThing")
    with pytest.raises(_js.JsError, match="SyntaxError"):
        _js.construct("RTCPeerConnection", {"iceServers": [{"urls": "nonsense"}]})


@run_in_pyodide
async def test_a_browser_without_webrtc_is_said_to_have_none(selenium):
    import pytest
    from edge import absent
    from loopback import request, transport

    from rtvi_web import NotInBrowserError

    with absent("globalThis", "RTCPeerConnection"):
        async with transport("/unused") as (link, host):
            with pytest.raises(NotInBrowserError) as caught:
                await link.connect(request(), host)
    assert str(caught.value) == "This browser has no WebRTC (switched off, or not built in)."
