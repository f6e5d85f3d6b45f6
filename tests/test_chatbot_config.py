"""Settings: the shipped file is the defaults, later sources win, and every mistake is named."""

from __future__ import annotations

import os
import re
import stat
import threading
import tomllib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
import tomlkit

from chatbot import config, config_file
from chatbot.config import Config
from chatbot.errors import ConfigError
from profiles import ProfileAccessError

SHIPPED = config.shipped_path()


@pytest.fixture
def user_file(home: Path) -> Path:
    path = config.config_path()
    assert home in path.parents
    path.parent.mkdir(parents=True)
    return path


def test_the_shipped_file_holds_every_setting_with_its_default() -> None:
    sections = tomllib.loads(SHIPPED.read_text())
    assert sections.pop("presets") == Config().presets
    written = {
        f"{section}.{key}": value for section, table in sections.items() for key, value in table.items()
    }
    defaults = {name: value for name, value, _ in config.settings(Config())}
    assert written == {n: list(value) if isinstance(value, tuple) else value for n, value in defaults.items()}


def test_facts_about_the_user_are_a_list_of_texts(user_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert config_file.store("chat.user_facts", '["lives in Oslo"]') == 'chat.user_facts = ["lives in Oslo"]'
    assert user_file.read_text() == '[chat]\nuser_facts = ["lives in Oslo"]\n'
    assert config.load().chat.user_facts == ("lives in Oslo",)
    monkeypatch.setenv("CHATBOT_CHAT_USER_FACTS", '["a", "b"]')
    assert config.load().chat.user_facts == ("a", "b")
    assert config.load({"chat.user_facts": ["c"]}).chat.user_facts == ("c",)
    for wrong in ("lives", "[1]", '[""]'):
        monkeypatch.setenv("CHATBOT_CHAT_USER_FACTS", wrong)
        with pytest.raises(ConfigError, match="chat.user_facts must be a list of texts"):
            config.load()


def test_every_setting_in_the_shipped_file_has_a_sentence_above_it() -> None:
    lines = SHIPPED.read_text().splitlines()
    for before, line in zip(lines, lines[1:], strict=False):
        if re.match(r"\w+ = ", line):
            assert re.fullmatch(r"# [A-Z].*\.", before), line


def test_without_any_source_the_defaults_hold(home: Path) -> None:
    assert config.load() == Config()
    assert config.load().sources == {}


def test_flag_wins_over_variable_over_file(user_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    user_file.write_text("[sampling]\ntemperature = 0.1\ntop_p = 0.2\nmax_tokens = 3\n")
    monkeypatch.setenv("CHATBOT_SAMPLING_TOP_P", "0.3")
    monkeypatch.setenv("CHATBOT_SAMPLING_MAX_TOKENS", "4")
    loaded = config.load({"sampling.max_tokens": 5, "sampling.seed": None})
    assert (loaded.sampling.temperature, loaded.sampling.top_p, loaded.sampling.max_tokens) == (0.1, 0.3, 5)
    assert loaded.sources == {
        "sampling.temperature": str(user_file),
        "sampling.top_p": "CHATBOT_SAMPLING_TOP_P",
        "sampling.max_tokens": "flag",
    }


@pytest.mark.parametrize(
    ("variable", "text", "value"),
    [
        ("CHATBOT_CHAT_MEASURES", "yes", True),
        ("CHATBOT_CHAT_MEASURES", "0", False),
        ("CHATBOT_CHAT_USER_NAME", "42", "42"),
        ("CHATBOT_FLOW_STEPS", "12", 12),
        ("CHATBOT_FLOW_BETA_MAX", "10", 10.0),
        ("CHATBOT_FLOW_RTOL", "1e-4", 1e-4),
        ("CHATBOT_SAMPLING_TOP_P", ".5", 0.5),
        ("CHATBOT_TUI_KEYS", '{ quit = "ctrl+x" }', {"quit": "ctrl+x"}),
    ],
)
def test_a_variable_is_read_in_the_type_of_its_setting(
    variable: str, text: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, text)
    found = {name: value for name, value, source in config.settings(config.load()) if source == variable}
    assert list(found.values()) == [value]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "[memory]\nenabeld = true\n",
            "There is no setting 'enabeld' in [memory] ({path}). Did you mean 'enabled'? "
            "Known: enabled, recall.",
        ),
        (
            "[smapling]\nseed = 1\n",
            "There is no section [smapling] of settings ({path}). Did you mean 'sampling'? "
            "Known: chat, flow, measures, memory, model, presets, profiles, sampling, storage, tui.",
        ),
        (
            "sede = 1\n",
            "Setting 'sede' in {path} stands outside a section. "
            "Known: chat, flow, measures, memory, model, presets, profiles, sampling, storage, tui.",
        ),
        ("seed = 1\n", "Setting 'seed' in {path} stands outside a section. Did you mean 'sampling.seed'?"),
        (
            "sampling = 1\n",
            "A section is a table of settings; {path} says sampling = 1. Write [sampling], and below it a "
            "line for each setting.",
        ),
        (
            '[sampling]\nseed = "many"\n',
            "Setting sampling.seed must be a whole number; {path} says 'many'.",
        ),
        (
            "[sampling]\nmax_tokens = true\n",
            "Setting sampling.max_tokens must be a whole number; {path} says True.",
        ),
        ("[sampling]\ntop_p = 1.5\n", "Setting sampling.top_p must be from 0 to 1; {path} says 1.5."),
        ("[flow]\nrtol = nan\n", "Setting flow.rtol must be 1e-12 or more; {path} says nan."),
        ("[flow]\nrtol = inf\n", "Setting flow.rtol must be a finite number; {path} says inf."),
        (
            "[model]\ndevice = 'gpu'\n",
            "Setting model.device must be one of auto, cpu, cuda, mps; {path} says 'gpu'.",
        ),
        ("[tui.keys]\nquit = 1\n", "Setting tui.keys must be a table of texts; {path} says {{'quit': 1}}."),
        ("[chat]\nprofile = 1\n", "Setting chat.profile must be text; {path} says 1."),
    ],
)
def test_a_mistake_in_the_file_is_named(text: str, sentence: str, user_file: Path) -> None:
    user_file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        config.load()
    assert str(caught.value) == sentence.format(path=user_file)


def test_a_file_that_is_no_toml_is_named(user_file: Path) -> None:
    user_file.write_text("[sampling\n")
    with pytest.raises(ConfigError, match=re.escape(f"Settings file {user_file} is not valid TOML: ")):
        config.load()


def test_a_file_may_begin_with_a_byte_order_mark(user_file: Path) -> None:
    user_file.write_bytes(b"\xef\xbb\xbf[sampling]\r\nseed = 1\r\n")
    assert config.load().sampling.seed == 1
    config_file.store("sampling.seed", "7")
    assert config.load().sampling.seed == 7


def test_an_unreadable_file_is_named(user_file: Path) -> None:
    user_file.mkdir()
    none = re.escape(
        f"a UTF-8 text file that you may read, and {user_file} is none: Is a directory. Correct it"
    )
    with pytest.raises(ConfigError, match=none):
        config.load()
    with pytest.raises(ConfigError, match=none):
        config_file.store("sampling.seed", "7")


@pytest.mark.parametrize("name", ["model.path", "storage.path", "profiles.path"])
def test_a_path_is_kept_as_it_is_meant_from_here(
    name: str, tmp_path: Path, user_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    section, _, key = name.partition(".")
    monkeypatch.chdir(tmp_path)
    for given, kept in (("mine", str(tmp_path / "mine")), ("~/mine", "~/mine"), ("/mine", "/mine")):
        config_file.store(name, given)
        assert getattr(getattr(config.load(), section), key) == kept
    config_file.store("model.path", "embedded")
    assert config.load().model.path == "embedded"


def test_a_chosen_file_must_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHATBOT_CONFIG", str(tmp_path / "absent.toml"))
    with pytest.raises(ConfigError, match=r"CHATBOT_CONFIG names .*absent\.toml, which does not exist"):
        config.load()


def test_a_variable_that_stands_for_nothing_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHATBOT_SAMPLING_SEDE", "1")
    with pytest.raises(ConfigError, match="CHATBOT_SAMPLING_SEDE .* Did you mean 'CHATBOT_SAMPLING_SEED'"):
        config.load()


def test_a_variable_of_the_wrong_type_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHATBOT_SAMPLING_SEED", "many")
    with pytest.raises(ConfigError) as caught:
        config.load()
    assert str(caught.value) == (
        "Setting sampling.seed must be a whole number; CHATBOT_SAMPLING_SEED says 'many'."
    )


def test_data_lives_in_the_home_unless_told_otherwise(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert home in config.load().profiles_folder.parents
    monkeypatch.setenv("CHATBOT_DATA_DIR", str(tmp_path))
    assert config.load().database == tmp_path / "chatbot.db"
    assert config.load().profiles_folder == tmp_path / "profiles"
    assert config.load({"storage.path": "/else/where.db"}).database == Path("/else/where.db")
    assert config.load({"chat.incognito": True}).database is None


def test_a_model_is_the_embedded_one_or_a_folder(home: Path) -> None:
    assert config.load().model_folder == config.EMBEDDED / "embedded"
    assert config.load({"model.path": "~/mine"}).model_folder == home / "mine"
    assert config.load({"model.path": "~~/mine"}).model_folder == Path("~~/mine")  # nobody is called so
    assert config.load({"model.path": "./weights"}).model_folder == Path("weights")


def test_storing_a_setting_keeps_comments_and_order(user_file: Path) -> None:
    user_file.write_text("# mine\n[sampling]\nseed = 1  # lucky\n")
    assert config_file.store("sampling.seed", "7") == "sampling.seed = 7"
    config_file.store("chat.user_name", 'Ada "L"')
    config_file.store("tui.animations", "off")
    assert user_file.read_text().startswith("# mine\n[sampling]\nseed = 7  # lucky\n")
    loaded = config.load()
    assert (loaded.sampling.seed, loaded.chat.user_name, loaded.tui.animations) == (7, 'Ada "L"', False)
    config_file.store("sampling.seed", None)
    assert config.load().sampling.seed == -1


@pytest.mark.parametrize(
    "text",
    [
        'tui.keys.quit = "ctrl+x"\ntui.compact = true\n# mine\n',
        "tui.compact = true\n# mine\nchat.measures = true\n",
        '[tui.keys]\nquit = "ctrl+x"\n# mine\n[tui]\ncompact = true\n',
        'tui = {keys = {quit = "ctrl+x"}, compact = true}\n# mine\n',
    ],
)
def test_a_table_is_stored_whatever_the_form_of_the_file(text: str, user_file: Path) -> None:
    user_file.write_text(text)
    config_file.store("tui.keys", '{help = "f2"}')
    assert (config.load().tui.keys, config.load().tui.compact) == ({"help": "f2"}, True)
    assert "# mine\n" in user_file.read_text()


def test_a_table_that_goes_leaves_what_is_written_below_it(user_file: Path) -> None:
    user_file.write_text(
        '[tui]\ncompact = true\n\n[tui.keys]\nhelp = "f2"\n# mine\n[chat]\nmeasures = true\n'
    )
    config_file.store("tui.keys", None)
    assert user_file.read_text() == "[tui]\ncompact = true\n\n# mine\n[chat]\nmeasures = true\n"


@pytest.mark.parametrize("value", ["true", None])
def test_nothing_is_stored_in_what_is_no_section(value: str | None, user_file: Path) -> None:
    user_file.write_text("[[tui]]\ncompact = true\n")
    with pytest.raises(ConfigError, match="A section is a table of settings"):
        config_file.store("tui.compact", value)


def test_a_wrong_setting_is_not_stored(user_file: Path) -> None:
    user_file.write_text("[sampling]\nseed = 1\n")
    with pytest.raises(ConfigError):
        config_file.store("sampling.seed", "many")
    with pytest.raises(ConfigError):
        config_file.store("sampling.sede", "1")
    with pytest.raises(ConfigError, match=r"Did you mean 'sampling\.seed'\?"):
        config_file.store("seed", "1")
    with pytest.raises(ConfigError, match="UTF-8"):  # a byte of another encoding, as the system hands it on
        config_file.store("chat.user_name", "Ren\udce9")
    user_file.write_text("[sampling]\nsede = 1\n")
    with pytest.raises(ConfigError):  # that it stands there does not make it a setting
        config_file.store("sampling.sede", "2")
    user_file.write_text("[sampling]\nseed = 1\n")
    for name in ("sampling", "sampling.sede", "seed", "sampling.seed.x"):
        with pytest.raises(ConfigError):
            config_file.store(name, None)
    assert user_file.read_text() == "[sampling]\nseed = 1\n"


def test_of_two_settings_stored_at_once_none_is_lost(
    user_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting, real = threading.Barrier(2), tomlkit.dumps

    def dumps(document: tomlkit.TOMLDocument) -> str:
        with suppress(threading.BrokenBarrierError):
            meeting.wait(0.2)  # both have read before one writes, if they can get here together
        return real(document)

    monkeypatch.setattr(tomlkit, "dumps", dumps)
    with ThreadPoolExecutor() as pool:
        list(pool.map(config_file.store, ("sampling.seed", "chat.user_name"), ("7", "Ada")))
    loaded = config.load()
    assert (loaded.sampling.seed, loaded.chat.user_name) == (7, "Ada")


def test_a_settings_file_that_is_a_link_stays_one(user_file: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "dotfiles.toml"
    elsewhere.write_text("# mine\n")
    elsewhere.chmod(0o640)
    user_file.symlink_to(elsewhere)
    config_file.store("sampling.seed", "7")
    assert user_file.readlink() == elsewhere
    assert elsewhere.read_text() == "# mine\n\n[sampling]\nseed = 7\n"
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o640


def test_settings_that_cannot_be_written_stay_as_they_were(
    user_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    user_file.write_text("[sampling]\nseed = 1\n")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ProfileAccessError) as caught:
        config_file.store("sampling.seed", "2")
    assert str(caught.value) == (
        f"{user_file} could not be written: No space left on device. Check its rights and the free space."
    )
    assert user_file.read_text() == "[sampling]\nseed = 1\n"
    assert sorted(path.name for path in user_file.parent.iterdir()) == [".config.toml.lock", "config.toml"]
