"""The devices that the person chose, without a page's storage."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rtvi_web import RTVIClient
from rtvi_web.core.media import MediaDevice
from rtvi_web.media.choices import Choice, Choices, default, find
from rtvi_web.transports import SmallWebRTCTransport

NAMES = st.sampled_from("abcde")
DEVICES = st.lists(
    st.builds(MediaDevice, id=NAMES, label=st.sampled_from(["", "One", "Two"]), kind=st.just("audioinput")),
    unique_by=lambda device: device.id,
)


@given(DEVICES, NAMES, st.sampled_from(["", "One", "Two"]))
def test_a_choice_is_found_by_its_id_or_else_by_its_label(devices: list[MediaDevice], id: str, label: str) -> None:
    choices = Choices(remembered=False)
    assert choices.find("mic", devices) is None
    choices.choose("mic", Choice(id, label))
    found = choices.find("mic", devices)
    by_id = [device for device in devices if device.id == id]
    by_label = [device for device in devices if label and device.label == label]
    assert found == next(iter([*by_id, *by_label]), None)
    assert choices.chosen("mic") == (id, label), "it stays chosen while it is unplugged"
    assert choices.find("speaker", devices) is None, "each kind has a choice of its own"


@given(DEVICES, NAMES, st.sampled_from(["", "One"]))
def test_a_label_is_learned_once_the_browser_gives_it(devices: list[MediaDevice], id: str, label: str) -> None:
    choices = Choices(remembered=False)
    choices.learn("mic", devices)
    assert choices.chosen("mic") is None, "nothing was chosen"
    choices.choose("mic", Choice(id, label))
    choices.learn("mic", devices)
    device = find(devices, id)
    assert choices.chosen("mic") == (id, label or (device.label if device else ""))


@given(DEVICES, NAMES)
def test_a_choice_is_proposed_only_while_no_device_is_listed(devices: list[MediaDevice], id: str) -> None:
    choices = Choices(remembered=False)
    assert choices.wish("mic", devices) == {}, "nothing was chosen"
    choices.choose("mic", Choice(id, ""))
    assert choices.wish("mic", devices) == ({} if devices else {"deviceId": {"ideal": id}})


@given(DEVICES, NAMES, NAMES)
def test_what_the_person_picked_replaces_a_choice_that_is_there(
    devices: list[MediaDevice], chosen: str, picked: str
) -> None:
    """A choice that is unplugged stays: the person could not pick it."""
    choices = Choices(remembered=False)
    choices.choose("mic", Choice(chosen, ""))
    choices.picked("mic", devices, picked)
    there = {device.id for device in devices}
    now = choices.chosen("mic")
    assert now is not None
    assert now.id == (picked if {chosen, picked} <= there else chosen)


def test_a_choice_is_forgotten() -> None:
    choices = Choices(remembered=False)
    choices.choose("mic", Choice("a", ""))
    choices.choose("mic", None)
    assert choices.chosen("mic") is None


def test_without_a_page_nothing_is_remembered_and_nothing_fails() -> None:
    first, second = Choices(remembered=True), Choices(remembered=True)
    first.choose("cam", Choice("a", "One"))
    assert (first.chosen("cam"), second.chosen("cam")) == (("a", "One"), None)
    client = RTVIClient(transport=SmallWebRTCTransport())
    assert (client.selected_mic, client.selected_cam, client.selected_speaker) == (None, None, None)


@given(DEVICES)
def test_the_default_is_what_the_browser_calls_so_or_the_first(devices: list[MediaDevice]) -> None:
    assert default(devices) == next(iter(devices), None)
    named = MediaDevice("default", "Default", "audioinput")
    assert default([*devices, named]) == named
