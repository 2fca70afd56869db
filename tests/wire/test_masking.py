"""Masking: what it gives, and where the masks come from (RFC 6455 section 5.3)."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.utils import apply_mask

from httpkit.wire import masking

masks = st.binary(min_size=4, max_size=4)


@given(st.binary(max_size=1500), masks)
def test_masking_is_what_websockets_does(payload, mask):
    """Small and large payloads take different ways to the same bytes."""
    assert masking.mask_payload(payload, mask) == apply_mask(payload, mask)


@given(st.binary(max_size=1500), masks)
def test_masking_twice_gives_the_payload_back(payload, mask):
    """XOR is its own inverse."""
    assert masking.mask_payload(masking.mask_payload(payload, mask), mask) == payload


def test_every_frame_has_a_fresh_mask():
    """CVE-2025-10148 (curl): no mask is used for two frames, across refills too."""
    masks = [masking.new_mask() for _ in range(5000)]
    assert {4} == {len(mask) for mask in masks}
    # Two of 5000 random numbers of 32 bits are the same once in 340 runs, three pairs never.
    assert len(set(masks)) >= 4998


def test_masks_come_from_the_operating_system(monkeypatch):
    """They are bought in bulk from os.urandom, so no payload can be chosen to defeat them."""
    bought = []

    def urandom(size):
        bought.append(size)
        return b"\x01\x02\x03\x04" * (size // 4)

    monkeypatch.setattr(masking, "_masks", [])
    monkeypatch.setattr(os, "urandom", urandom)
    assert {masking.new_mask() for _ in range(1024)} == {b"\x01\x02\x03\x04"}
    assert bought == [4096]


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # threads of whoever runs the tests
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_child_does_not_reuse_its_parents_masks():
    """Parent and child would otherwise send the same masks."""
    masking.new_mask()
    kept = masking._masks[-1]
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, masking.new_mask())
        os._exit(0)
    os.waitpid(child, 0)
    drawn = os.read(reader, 4)
    os.close(reader)
    os.close(writer)
    assert len(drawn) == 4
    assert drawn != kept
