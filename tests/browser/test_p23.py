import pytest
from pytest_pyodide import run_in_pyodide


@pytest.mark.parametrize("name", ["mic", "cam"])
@pytest.mark.parametrize("seed", range(12))
@run_in_pyodide
async def test_random(selenium, name, seed):
    import contextlib
    import random

    import js
    from edge import busy, exclusive
    from loopback import RTVIEvent, transport

    from rtvi_web import DeviceError

    r = random.Random(seed)
    await js.allow("microphone camera")
    async with transport("/unused", enable_mic=name == "mic", enable_cam=name == "cam") as (link, host):
        await link.media.open_devices()
        devices = await link.media.list_devices(name)
        log = []
        with exclusive():
            enabled = True
            for _ in range(10):
                op = r.random()
                if op < 0.25:
                    enabled = not enabled
                    log.append(("enable", enabled))
                    await (link.media.enable_mic if name == "mic" else link.media.enable_cam)(enabled)
                else:
                    d = r.choice(devices)
                    taken = [
                        x
                        for x in devices
                        if x is not link.media.selected_device(name)
                        and x != link.media.selected_device(name)
                        and r.random() < 0.4
                    ]
                    log.append(("select", devices.index(d), [devices.index(x) for x in taken]))
                    before = link.media.selected_device(name)
                    host.events.clear()
                    with contextlib.ExitStack() as stack:
                        if taken:
                            stack.enter_context(busy(*[x.id for x in taken]))
                        try:
                            await link.media.select_device(name, d.id)
                            assert d not in taken or not enabled, (log, "should be busy")
                            assert link.media.selected_device(name) == d, log
                            assert host.of(RTVIEvent.DEVICE_ERROR) == [], log
                        except DeviceError:
                            assert d in taken, log
                            assert link.media.selected_device(name) == before, log
                            assert len(host.of(RTVIEvent.DEVICE_ERROR)) == 1, log
                assert getattr(link.media, f"is_{name}_enabled") == enabled, log
                live = [t for t in js.opened.tracks if t.readyState == "live"]
                assert len(live) <= 1, log
                if enabled:
                    assert len(live) == 1, log
