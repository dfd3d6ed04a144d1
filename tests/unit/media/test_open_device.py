"""Which device is opened if the right one is gone, or another program uses it."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtvi_web.core.media import MediaDevice
from rtvi_web.errors import DeviceError
from rtvi_web.media.open_device import open_free_device

BROWSERS_CHOICE = ""
ALIASES = ["default", "communications"]
IDS = ["a", "b", "c", "d"]


class System:
    """Devices, in the order in which they are listed, and why some of them cannot be opened.

    Args:
        troubles: the ``DeviceError.type`` by id; without one, a device opens.
        takes: seconds that opening takes.
    """

    def __init__(self, ids: list[str], troubles: dict[str, str], takes: float = 0) -> None:
        self.devices = [MediaDevice(id, id.upper(), "audioinput") for id in ids]
        self.troubles = troubles
        self.takes = takes
        self.asked: list[str] = []
        self.errors: list[DeviceError] = []

    async def open(self, id: str) -> None:
        self.asked.append(id)
        await asyncio.sleep(self.takes)
        if trouble := self.troubles.get(id):
            self.errors.append(DeviceError(f"{id} is {trouble}", devices=["mic"], type=trouble))
            raise self.errors[-1]

    async def list(self) -> list[MediaDevice]:
        return self.devices

    async def open_free(self, chosen: str = "", *, fall_back: bool = True) -> bool:
        return await open_free_device(self.open, chosen, self.list, fall_back=fall_back)


systems = st.builds(
    System,
    st.permutations(IDS).flatmap(lambda ids: st.sampled_from([ids, [*ALIASES, *ids]])),
    st.dictionaries(st.sampled_from([BROWSERS_CHOICE, *IDS]), st.just("in-use")),
)
chosen_ids = st.sampled_from(["", *IDS])


@given(systems, chosen_ids, st.booleans())
async def test_the_chosen_one_then_the_default_then_the_others_in_order(
    system: System, chosen: str, is_gone: bool
) -> None:
    if chosen and is_gone:
        system.troubles[chosen] = "not-found"
        system.devices = [device for device in system.devices if device.id != chosen]
    others = [device.id for device in system.devices if device.id not in (chosen, *ALIASES)]
    order = [*([chosen] if chosen else []), BROWSERS_CHOICE, *others]
    free = [id for id in order if id not in system.troubles]
    if free:
        is_busy = await system.open_free(chosen)
        assert system.asked == order[: order.index(free[0]) + 1]
        assert is_busy is any(system.troubles[id] == "in-use" for id in system.asked[:-1])
    else:
        with pytest.raises(DeviceError) as caught:
            await system.open_free(chosen)
        assert system.asked == order
        assert caught.value is next(error for error in system.errors if error.type == "in-use")


@given(systems, chosen_ids, st.sampled_from(["", "in-use", "not-found", "constraints", "permissions", "unknown"]))
async def test_who_chooses_a_device_gets_that_one_unless_it_is_gone(system: System, chosen: str, trouble: str) -> None:
    system.troubles = {id: "in-use" for id in IDS} | ({chosen or BROWSERS_CHOICE: trouble} if trouble else {})
    if not trouble:
        system.troubles.pop(chosen, None)
    if not trouble or (chosen and trouble in ("not-found", "constraints")):
        assert await system.open_free(chosen, fall_back=False) is False
        assert system.asked == [chosen, BROWSERS_CHOICE][: 1 + bool(trouble)]
    else:
        with pytest.raises(DeviceError) as caught:
            await system.open_free(chosen, fall_back=False)
        assert (system.asked, caught.value.type) == ([chosen], trouble)


@pytest.mark.parametrize("trouble", ["permissions", "unknown"])
@pytest.mark.parametrize("where", [BROWSERS_CHOICE, "b"])
async def test_what_the_person_refuses_is_not_asked_for_again_and_again(trouble: str, where: str) -> None:
    system = System(IDS, {"a": "in-use", BROWSERS_CHOICE: "in-use", "b": "in-use"} | {where: trouble})
    with pytest.raises(DeviceError) as caught:
        await system.open_free("a")
    assert system.asked[-1] == where
    assert caught.value.type == ("in-use" if where == BROWSERS_CHOICE else trouble)


async def test_where_opening_takes_endless_time_not_all_are_tried() -> None:
    """Ten seconds each, after which a device counts as busy."""
    busy = {id: "in-use" for id in [BROWSERS_CHOICE, *IDS]}
    system = System(IDS, busy, takes=10.001)
    with pytest.raises(DeviceError, match="a is in-use"):
        await system.open_free("a")
    assert system.asked == ["a", BROWSERS_CHOICE]
