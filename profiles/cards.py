"""Character cards, versions 1 to 3, as JSON, PNG and CHARX files: how personas travel between programs.

The file that was imported is kept as it was; what is exported is that file with the changed fields put in.
So nothing that this program does not know is lost on the way: fields, extensions, lorebooks, pictures.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import dropwhile

from profiles import charx, png
from profiles.card_fields import V2, V3, V3_ONLY, Json, blank, fields_of, has_attributes, merged, profile_of
from profiles.errors import CardError
from profiles.profile import Profile

FORMATS = ("json", "png", "charx")
MAX_FILE = 64 * 1024 * 1024  # bytes of a card file
MAX_JSON = 16 * 1024 * 1024  # bytes of the card in it
DEFAULT_ICON = {"type": "icon", "uri": "ccdefault:", "name": "main", "ext": "png"}  # of a card without assets
NOTICE = "This is a copy for older programs of a version 3 card; it leaves out what they cannot use."
PICTURE = "assets/icon/images/main.png"
_EMBEDDED = "embeded://"  # so spelled by the specification
_IN_PNG = "__asset:"


@dataclass(frozen=True)
class Card:
    """A card file: its bytes, in which of FORMATS, and the JSON object that it carries."""

    source: bytes
    form: str
    card: Json

    def profile(self, name: str = "") -> tuple[Profile, list[str]]:
        """What the card says, as a profile under this name or the card's own, and warnings."""
        return profile_of(self.card, name)

    @property
    def guided(self) -> bool:
        """Whether it says itself which dials it has; of another card they are read from its words."""
        return has_attributes(self.card)

    def notes(self) -> str:
        """What the creator has to say to the people who use the card."""
        notes = fields_of(self.card)[0].get("creator_notes")
        return notes if isinstance(notes, str) else ""


def read(data: bytes) -> Card:
    """The card in the bytes of a file; CardError when there is none, it is damaged or beyond the limits."""
    if len(data) > MAX_FILE:
        raise CardError(
            f"A card file has at most {MAX_FILE} bytes, not {len(data)}. Make the picture smaller."
        )
    form, text = "json", data
    if data.startswith(png.SIGNATURE):
        form, text = "png", _from_png(data)
    elif data.startswith(b"PK") or charx.behind_a_picture(data):
        form, text = "charx", charx.read(data, charx.CARD, MAX_JSON)
    if text is None:
        raise CardError(
            f"A {form.upper()} card has the card in it, and this file has none. Get the card itself."
        )
    card = _parsed(text)
    fields_of(card)
    return Card(data, form, card)


def is_card(data: bytes) -> bool:
    """Whether the bytes can be read as a card and say more of a character than a name."""
    try:
        fields, _ = fields_of(read(data).card)
    except CardError:
        return False
    return any(key in fields for key in ("description", "personality", "first_mes"))


def write(profile: Profile, form: str, original: Card | None, now: int) -> tuple[bytes, list[str]]:
    """The profile as a card file, and warnings: the original card with the changed fields put in.

    Without an original it is a new card. `now` is the time of the export in Unix seconds.
    """
    card = merged(original.card if original else None, profile)
    newer = _version_3(card, now, new=original is None)
    inside = _inside(card, form, original)
    if form == "json":
        return _dumped(newer if card["spec"] == V3 else card, indent=2) + b"\n", _left_behind(inside)
    if form == "png":
        uri, picture = _picture(card, original)
        older = card if card["spec"] == V2 else _backfill(card)
        texts = {"chara": _base64(older), "ccv3": _base64(_with_icon(newer, uri, DEFAULT_ICON["uri"]))}
        return png.with_texts(picture, texts), _left_behind(inside, but=uri)
    files, base = {}, None
    if original is not None and original.form == "png":
        files[PICTURE] = png.with_texts(original.source, {"chara": None, "ccv3": None})
        newer = _with_icon(newer, DEFAULT_ICON["uri"], _EMBEDDED + PICTURE)
    if original is not None and original.form == "charx":
        base = original.source
    return charx.written({charx.CARD: _dumped(newer, indent=2), **files}, base), _left_behind(inside)


def _version_3(card: Json, now: int, *, new: bool) -> Json:
    """The card as version 3: what that demands is filled in, the dates are set unless they are withheld."""
    data = {**blank(), "group_only_greetings": [], **card["data"]}
    if new:
        data["creation_date"] = now
    if data.get("modification_date") != 0:
        data["modification_date"] = now
    data = _with_entries(data, lambda entry: {"extensions": {}, "use_regex": False, **entry})
    version = (card["spec"] == V3 and card.get("spec_version")) or "3.0"
    return {**card, "spec": V3, "spec_version": version, "data": data}


def _backfill(card: Json) -> Json:
    """The card as version 2, for programs that know no other: what only version 3 has is left out."""
    data = {key: value for key, value in {**blank(), **card["data"]}.items() if key not in V3_ONLY}
    notes = data["creator_notes"] if isinstance(data["creator_notes"], str) else ""
    data["creator_notes"] = f"{notes}\n\n{NOTICE}".lstrip()
    return {**card, "spec": V2, "spec_version": "2.0", "data": _with_entries(data, _undecorated)}


def _with_entries(data: Json, change: Callable[[Json], Json]) -> Json:
    """The fields with each entry of their lorebook changed; a lorebook of another shape stays as it is."""
    book = data.get("character_book")
    if not isinstance(book, dict) or not isinstance(book.get("entries"), list):
        return data
    entries = [change(entry) if isinstance(entry, dict) else entry for entry in book["entries"]]
    return {**data, "character_book": {"extensions": {}, **book, "entries": entries}}


def _undecorated(entry: Json) -> Json:
    """The entry of a lorebook without the @@decorators at the head of its content."""
    if not isinstance(entry.get("content"), str):
        return entry
    lines = dropwhile(lambda line: line.startswith("@@"), entry["content"].split("\n"))
    return {**entry, "content": "\n".join(lines)}


def _assets(card: Json) -> list[Json]:
    assets = card["data"].get("assets")
    found = [asset for asset in assets if isinstance(asset, dict)] if isinstance(assets, list) else []
    return found or [DEFAULT_ICON]


def _with_icon(card: Json, old: str, new: str) -> Json:
    """The card with the picture at one address named by another."""
    if old == new or all(_uri(asset) != old for asset in _assets(card)):
        return card
    assets = [{**asset, "uri": new, "ext": "png"} if _uri(asset) == old else asset for asset in _assets(card)]
    return {**card, "data": {**card["data"], "assets": assets}}


def _picture(card: Json, original: Card | None) -> tuple[str, bytes]:
    """The address and the bytes of the original's own picture, or of a plain one."""
    if original is not None and original.form == "png":
        return DEFAULT_ICON["uri"], original.source
    if original is not None and original.form == "charx":
        for uri in _icons(card):
            picture = charx.read(original.source, uri.removeprefix(_EMBEDDED)) or b""
            if picture.startswith(png.SIGNATURE):
                return uri, picture
    return DEFAULT_ICON["uri"], png.plain()


def _icons(card: Json) -> list[str]:
    """The addresses of the icons inside a CHARX, the main one first."""
    icons = [asset for asset in _assets(card) if asset.get("type") == "icon"]
    addresses = map(_uri, sorted(icons, key=lambda asset: asset.get("name") != "main"))
    return [uri for uri in addresses if uri.startswith(_EMBEDDED)]


def _inside(card: Json, form: str, original: Card | None) -> list[str]:
    """The addresses of files inside the original, if a card in this format cannot carry them."""
    if original is None or original.form in (form, "json"):
        return []
    prefix = _EMBEDDED if original.form == "charx" else _IN_PNG
    return [uri for uri in map(_uri, _assets(card)) if uri.startswith(prefix)]


def _left_behind(inside: list[str], but: str = "") -> list[str]:
    return [f"This file of the card stays behind: {uri}" for uri in inside if uri != but]


def _uri(asset: Json) -> str:
    return asset["uri"] if isinstance(asset.get("uri"), str) else ""


def _from_png(data: bytes) -> bytes | None:
    texts = png.texts(data)
    text = texts.get("ccv3") or texts.get("chara")
    try:
        if not text:
            return None
        text = "".join(text.split()).rstrip("=")  # some programs break the lines, some leave out the padding
        return base64.b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as error:
        raise CardError(
            f"A card in a PNG is written in base64, and this is not: {error}. Get it again."
        ) from error


def _parsed(text: bytes) -> Json:
    if len(text) > MAX_JSON:
        raise CardError(
            f"A card has at most {MAX_JSON} bytes of JSON, not {len(text)}. Shorten its lorebook."
        )
    try:
        card = json.loads(text, parse_constant=_finite, parse_float=_finite)  # UTF-8, 16 or 32
        _dumped(card)
    except (ValueError, RecursionError) as error:
        raise CardError(
            f"A character card is a PNG, CHARX or JSON file, and this is none: {error}."
        ) from error
    if not isinstance(card, dict):
        raise CardError("A character card is one JSON object, and this file holds something else.")
    return card


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no number in JSON")
    return number


def _dumped(card: object, indent: int | None = None) -> bytes:
    separators = None if indent else (",", ":")
    try:
        return json.dumps(card, ensure_ascii=False, indent=indent, separators=separators).encode("utf-8")
    except UnicodeEncodeError:  # half of a surrogate pair: only an escape can carry it
        return json.dumps(card, indent=indent, separators=separators).encode("ascii")


def _base64(card: Json) -> str:
    return base64.b64encode(_dumped(card)).decode("ascii")
