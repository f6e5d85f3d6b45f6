"""The times that chat programs write: five forms are in use, and a sixth thing is no time at all."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Some programs write the zero of their calendar for no time at all; a day from its ends a zone may lead out.
EARLIEST = datetime.min.replace(tzinfo=UTC) + timedelta(days=1)
LATEST = datetime.max.replace(tzinfo=UTC) - timedelta(days=1)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ENGLISH = re.compile(r"([A-Za-z]{3,9})\.? (\d{1,2}), (\d{4}) (\d{1,2}):(\d{2}) ?([ap])m", re.IGNORECASE)
_LETTERED = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2}) ?@ ?(\d{1,2})h ?(\d{1,2})m ?(\d{1,2})s(?: ?(\d{1,3})ms)?", re.ASCII
)


def moment(value: object) -> datetime | None:
    """The time in UTC, or None for what is none. What names no zone is meant in the zone of this machine.

    Milliseconds since 1970 as a number or as digits, `June 19, 2023 2:20pm`, `2024-7-12@01h31m37s`,
    `2024-6-5 @14h 56m 50s 682ms`, and ISO 8601.
    """
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            found = _EPOCH + timedelta(milliseconds=value)
        else:
            found = _of_text(value.strip()) if isinstance(value, str) and len(value) < 50 else None
    except (ValueError, OverflowError, OSError):
        return None
    return found if found and EARLIEST <= found <= LATEST else None


def local(time: datetime) -> datetime:
    """The time in the zone of this machine, or as it was stored where the calendar has no such day."""
    try:
        return time.astimezone()
    except (ValueError, OverflowError, OSError):
        return time


def iso(time: datetime) -> str:
    """ISO 8601 in UTC to the millisecond, as JavaScript writes it."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _of_text(text: str) -> datetime:
    if re.fullmatch(r"-?\d{1,16}", text, re.ASCII):
        return _EPOCH + timedelta(milliseconds=int(text))
    if found := _ENGLISH.fullmatch(text):
        month = _MONTHS.index(found[1][:3].lower()) + 1
        hour = int(found[4]) % 12 + (12 if found[6].lower() == "p" else 0)
        time = datetime(int(found[3]), month, int(found[2]), hour, int(found[5]))
    elif found := _LETTERED.fullmatch(text):
        *parts, thousandths = (int(part or 0) for part in found.groups())
        time = datetime(parts[0], *parts[1:], microsecond=thousandths * 1000)
    else:
        time = datetime.fromisoformat(text)
    return time.astimezone(UTC)
