"""The times of chat programs, against times worked out by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from time import tzset

import pytest

from storage.dates import iso, local, moment


@pytest.fixture(autouse=True)
def india(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Half past five ahead of UTC, all year."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Kolkata")
        tzset()
        yield
    tzset()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1718600000123, "2024-06-17T04:53:20.123Z"),
        (1718600000123.0, "2024-06-17T04:53:20.123Z"),
        ("1718600000123", "2024-06-17T04:53:20.123Z"),
        (0, "1970-01-01T00:00:00.000Z"),
        (-1000, "1969-12-31T23:59:59.000Z"),
        ("June 19, 2023 2:20pm", "2023-06-19T08:50:00.000Z"),
        ("June 19, 2023 12:05am", "2023-06-18T18:35:00.000Z"),
        ("Sep 1, 2023 12:05 PM", "2023-09-01T06:35:00.000Z"),
        ("2024-7-12@01h31m37s", "2024-07-11T20:01:37.000Z"),
        ("2024-07-12@01h31m37s123ms", "2024-07-11T20:01:37.123Z"),
        ("2024-6-5 @14h 56m 50s 682ms", "2024-06-05T09:26:50.682Z"),
        ("2025-03-01T10:20:30.456Z", "2025-03-01T10:20:30.456Z"),
        ("2025-03-01T10:20:30+02:00", "2025-03-01T08:20:30.000Z"),
        (" 2025-03-01T10:20:30 ", "2025-03-01T04:50:30.000Z"),
    ],
)
def test_the_forms_that_are_in_use(value: object, expected: str) -> None:
    found = moment(value)
    assert found is not None
    assert (iso(found), found.tzinfo) == (expected, UTC)


@pytest.mark.parametrize(
    "value",
    [
        None, True, "", "yesterday", [], {}, "June 31, 2023 2:20pm", "Brumaire 3, 2023 2:20pm", 10**30,
        "9" * 16, "1" * 50, float("inf"), float("nan"), "2024-13-1@01h31m37s", "2024-1-1@25h00m00s",
        "0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", -62135596800000,
        "٢٠٢٤-7-12@01h31m37s",
    ],
)  # fmt: skip
def test_what_is_no_time(value: object) -> None:
    assert moment(value) is None


def test_iso_is_in_utc() -> None:
    assert iso(datetime(2026, 1, 2, 3, 4, 5, 678_900, UTC)) == "2026-01-02T03:04:05.678Z"


def test_every_time_that_is_read_has_a_local_one() -> None:
    for value in ("0001-01-02T00:00:00Z", "9999-12-30T23:59:59Z"):
        found = moment(value)
        assert found is not None
        assert local(found) == found
        assert local(found).utcoffset() != timedelta(0)


@pytest.mark.parametrize(
    ("zone", "time"), [("America/New_York", datetime.min), ("Asia/Kolkata", datetime.max)]
)
def test_a_stored_time_that_no_calendar_has_here_stays_in_utc(
    monkeypatch: pytest.MonkeyPatch, zone: str, time: datetime
) -> None:
    monkeypatch.setenv("TZ", zone)
    tzset()
    assert local(time.replace(tzinfo=UTC)) == time.replace(tzinfo=UTC)
