"""Settings: their defaults, then the user's file, then CHATBOT_* variables, then flags; the last wins.

`config.toml` at the root of the repository lists every setting with its default and one sentence; a test
holds it equal to the dataclasses of chatbot/settings.py and to the presets here. Nothing else in the program
reads a settings file or a CHATBOT_* variable. This module knows nothing of models: it imports no torch.
"""

from __future__ import annotations

import math
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_origin, get_type_hints

import platformdirs

from chatbot.errors import ConfigError, suggestion
from chatbot.settings import (
    ChatConfig,
    FlowConfig,
    MeasuresConfig,
    MemoryConfig,
    ModelConfig,
    ProfilesConfig,
    SamplingConfig,
    StorageConfig,
    TuiConfig,
    broken_rule,
)

PREFIX = "CHATBOT_"
CONFIG_VARIABLE, DATA_VARIABLE = "CHATBOT_CONFIG", "CHATBOT_DATA_DIR"
EMBEDDED = Path(__file__).parent / "weights"
KIND_NAMES = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    dict: "a table of texts",
    list: 'a list of texts such as ["one", "two"], none of them empty',
}
PRESETS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {"quick": {"candidates": 1}, "lively": {"temperature": 0.9, "top_p": 0.95, "spread": 0.8}}
)


@dataclass(frozen=True)
class Config:
    """Every setting. `sources` names, for each "section.key" that is not the default, who set it.

    `presets` are named groups of settings of [sampling], the user's over those that ship with the program.
    """

    model: ModelConfig = ModelConfig()
    flow: FlowConfig = FlowConfig()
    sampling: SamplingConfig = SamplingConfig()
    chat: ChatConfig = ChatConfig()
    measures: MeasuresConfig = MeasuresConfig()
    memory: MemoryConfig = MemoryConfig()
    storage: StorageConfig = StorageConfig()
    profiles: ProfilesConfig = ProfilesConfig()
    tui: TuiConfig = field(default_factory=TuiConfig)
    presets: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: PRESETS)
    sources: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), compare=False)

    @property
    def database(self) -> Path | None:
        """Where conversations are kept; None keeps them in memory only."""
        if self.chat.incognito:
            return None
        return expanded(self.storage.path) if self.storage.path else data_dir() / "chatbot.db"

    @property
    def profiles_folder(self) -> Path:
        return expanded(self.profiles.path) if self.profiles.path else data_dir() / "profiles"

    @property
    def model_folder(self) -> Path:
        """The folder of the model: one that ships with the program, by its name, or any other by its path."""
        shipped = EMBEDDED / self.model.path
        if len(Path(self.model.path).parts) == 1 and (self.model.path == "embedded" or shipped.is_dir()):
            return shipped
        return expanded(self.model.path)


SECTIONS: Mapping[str, type] = MappingProxyType(
    {name: kind for name, kind in get_type_hints(Config).items() if name not in ("presets", "sources")}
)


def expanded(path: Path | str) -> Path:
    """The path with a home folder for its ~. Where nobody is called so, it is the name of a file."""
    try:
        return Path(os.path.expanduser(path))
    except ValueError:  # a NUL stands in the name; what opens it says so
        return Path(path)


def anchored(name: str, value: Any) -> Any:
    """The value as a file is to hold it: a path means the same from whichever folder the program is begun."""
    if name not in ("model.path", "storage.path", "profiles.path") or not value or value.startswith("~"):
        return value
    shipped = name == "model.path" and Config(ModelConfig(value)).model_folder.parent == EMBEDDED
    return value if shipped else os.path.abspath(value)


def data_dir() -> Path:
    """Where conversations and the user's own profiles are kept: $CHATBOT_DATA_DIR or the system's place."""
    chosen = os.environ.get(DATA_VARIABLE)
    return expanded(chosen) if chosen else Path(platformdirs.user_data_dir("chatbot", appauthor=False))


def config_path() -> Path:
    """The user's settings file: $CHATBOT_CONFIG or the system's place. It need not exist."""
    chosen = os.environ.get(CONFIG_VARIABLE)
    if chosen:
        return expanded(chosen)
    return Path(platformdirs.user_config_dir("chatbot", appauthor=False)) / "config.toml"


def shipped_path() -> Path:
    """The annotated `config.toml` that ships with the program: in the package, or beside it in a checkout."""
    here = Path(__file__).parent
    return next(path for path in (here / "config.toml", here.parent / "config.toml") if path.exists())


def load(flags: Mapping[str, Any] | None = None) -> Config:
    """All settings, resolved. `flags` maps "section.key" to a value; None means the flag was not given."""
    values: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    sources: dict[str, str] = {}
    path = config_path()
    tables = _read(path)
    presets = known_presets(tables.pop("presets", {}), str(path))
    for name, value, source in _given(tables, str(path), flags or {}):
        section, key = known(name, source)
        values[section][key] = _checked(section, key, value, source)
        sources[name] = source
    groups = {section: kind(**values[section]) for section, kind in SECTIONS.items()}
    return Config(**groups, presets=presets, sources=MappingProxyType(sources))


def settings(config: Config) -> Iterator[tuple[str, Any, str]]:
    """Every ("section.key", value, source), in the order of config.toml."""
    for section, kind in SECTIONS.items():
        for entry in fields(kind):
            name = f"{section}.{entry.name}"
            yield name, getattr(getattr(config, section), entry.name), config.sources.get(name, "default")


def presets(config: Config) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Every (name, settings of [sampling], source) of the presets."""
    for name, values in config.presets.items():
        yield name, dict(values), "default" if PRESETS.get(name) == values else str(config_path())


def parse(name: str, text: str, source: str) -> Any:
    """The value that `text` means for the setting "section.key", checked."""
    section, key = known(name, source)
    kind = _kind(section, key)
    if kind is str:
        return _checked(section, key, text, source)
    words = {"yes": "true", "on": "true", "1": "true", "no": "false", "off": "false", "0": "false"}
    written = words.get(text.lower(), text.lower()) if kind is bool else text
    try:
        value = kind(text) if kind in (int, float) else tomllib.loads(f"value = {written}")["value"]
    except ValueError:  # which that of tomllib is too
        value = text
    return _checked(section, key, value, source)


def drawn(values: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Settings of [sampling] that stand elsewhere, in a preset or a persona, checked as those are."""
    keys = {name: known(f"sampling.{name}", source)[1] for name in values}
    return {name: _checked("sampling", key, values[name], source) for name, key in keys.items()}


def known_presets(tables: object, path: str) -> Mapping[str, Mapping[str, Any]]:
    """The presets that ship with the program, and over them the `tables` of the file; ConfigError for what is
    no preset."""
    presets = dict(PRESETS)
    for name, table in tables.items() if isinstance(tables, dict) else [("", tables)]:
        if not isinstance(table, dict):
            raise ConfigError(
                f"A preset is a table of settings of [sampling]; {path} says {table!r}. Write [presets.NAME] "
                "and below it lines such as temperature = 0.7."
            )
        presets[name] = drawn(table, f"[presets.{name}] in {path}")
    return MappingProxyType(presets)


def _given(tables: Mapping[str, Any], path: str, flags: Mapping[str, Any]) -> Iterator[tuple[str, Any, str]]:
    """("section.key", value, who set it) of the file, then the environment, then the flags."""
    for section, table in tables.items():
        if section in SECTIONS:
            check_table(section, table, path)
        elif not isinstance(table, dict):
            raise ConfigError(f"Setting {section!r} in {path} stands outside a section.{_meant(section)}")
        for key, value in table.items():
            yield f"{section}.{key}", value, path
    variables = {_variable(name): name for name, _, _ in settings(Config())}
    for variable in sorted(v for v in os.environ if v.startswith(PREFIX)):
        if variable in (CONFIG_VARIABLE, DATA_VARIABLE):
            continue
        if variable not in variables:
            raise ConfigError(
                f"The variable {variable} stands for no setting; unset it."
                f"{suggestion(variable, (*variables, CONFIG_VARIABLE, DATA_VARIABLE))}"
            )
        name = variables[variable]
        yield name, parse(name, os.environ[variable], variable), variable
    for name, value in flags.items():
        if value is not None:
            yield name, value, "flag"


def _variable(name: str) -> str:
    return f"{PREFIX}{name.replace('.', '_').upper()}"


def overruling(name: str) -> str | None:
    """The variable that is set, and so wins over the file."""
    return _variable(name) if _variable(name) in os.environ else None


def _read(path: Path) -> dict[str, Any]:
    if (text := content(path)) is None:
        if os.environ.get(CONFIG_VARIABLE):
            raise ConfigError(
                f"{CONFIG_VARIABLE} names {path}, which does not exist. Create it or unset the variable."
            )
        return {}
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"Settings file {path} is not valid TOML: {error}. Correct or remove it."
        ) from error


def content(path: Path) -> str | None:
    """What stands in a settings file; None where there is none."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(
            f"Settings stand in a UTF-8 text file that you may read, and {path} is none: {reason}. "
            f"Correct it, or name another with {CONFIG_VARIABLE}."
        ) from error


def known(name: str, source: str) -> tuple[str, str]:
    """("section", "key") of a setting that exists; ConfigError with the near names otherwise."""
    section, _, key = name.partition(".")
    if section not in SECTIONS:
        hint = _meant(section)
        if section == "presets":
            hint = " Presets are written into the file: [presets.NAME], and below it temperature = 0.7."
        raise ConfigError(f"There is no section [{section}] of settings ({source}).{hint}")
    keys = [entry.name for entry in fields(SECTIONS[section])]
    if key not in keys:
        raise ConfigError(f"There is no setting {key!r} in [{section}] ({source}).{suggestion(key, keys)}")
    return section, key


def check_table(section: str, table: object, path: str) -> None:
    """ConfigError where the file has something else in the place of a section."""
    if not isinstance(table, dict):
        raise ConfigError(
            f"A section is a table of settings; {path} says {section} = {table!r}. Write [{section}], and "
            "below it a line for each setting."
        )


def _meant(section: str) -> str:
    """The hint for a section that there is not: it may be a setting without its section."""
    whole = [repr(name) for name, _, _ in settings(Config()) if name.partition(".")[2] == section]
    return f" Did you mean {' or '.join(whole)}?" if whole else suggestion(section, (*SECTIONS, "presets"))


def _kind(section: str, key: str) -> type:
    """str, bool, int, float, list or dict: what the setting holds."""
    kind = get_type_hints(SECTIONS[section])[key]
    return kind if isinstance(kind, type) else list if get_origin(kind) is tuple else dict


def _checked(section: str, key: str, value: Any, source: str) -> Any:
    """The value in its own type; ConfigError with the rule, the value and its source otherwise."""
    entry = next(entry for entry in fields(SECTIONS[section]) if entry.name == key)
    kind = _kind(section, key)
    if kind is float and type(value) is int:
        value = float(value)
    if kind is list and type(value) is tuple:  # of a variable, which `parse` has checked before
        value = list(value)
    if type(value) is not kind:
        rule = KIND_NAMES[kind]
    elif kind is dict and not all(isinstance(text, str) for text in value.values()):
        rule = KIND_NAMES[dict]
    elif kind is list and not all(isinstance(text, str) and text for text in value):
        rule = KIND_NAMES[list]
    else:
        rule = broken_rule(entry, value)
    if not rule and kind is float and not math.isfinite(value):
        rule = "a finite number"
    if rule:
        raise ConfigError(f"Setting {section}.{key} must be {rule}; {source} says {value!r}.")
    return tuple(value) if kind is list else value
