"""The command line in one process: whole output, exit codes, and what is stored afterwards."""

from __future__ import annotations

import io
import json
import os
import runpy
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE
from types import ModuleType
from unittest.mock import Mock

import pytest
from typer.testing import Result

from chatbot import __version__, config
from chatbot.cli import main, start
from chatbot.errors import ModelError
from fake_engine import FakeEngine
from printed import run
from profiles import Profile, ProfileStore, Target
from storage import ConversationManager


@pytest.fixture(autouse=True)
def engine(monkeypatch: pytest.MonkeyPatch, home: Path) -> FakeEngine:
    """What every command talks to here; and a profile `poet`, which is the default one."""
    fake = FakeEngine()
    monkeypatch.setattr(start, "load_engine", lambda settings: fake)
    monkeypatch.setenv("CHATBOT_CHAT_PROFILE", "poet")
    ProfileStore(config.load().profiles_folder).save(
        Profile.parse({"name": "poet", "greeting": "Hello.", "attributes": {"attitude": "pessimistic:1.2"}})
    )
    return fake


@pytest.fixture
def manager(kept: ConversationManager) -> ConversationManager:
    return kept


def failed(result: Result, code: int, sentence: str) -> None:
    assert (result.exit_code, result.stdout, result.stderr) == (code, "", f"Error: {sentence}\n")


def test_the_version() -> None:
    result = run("--version")
    assert (result.exit_code, result.output) == (0, f"chatbot {__version__}\n")


def test_once_prints_one_reply_and_stores_it(manager: ConversationManager) -> None:
    result = run("chat", "--once", "I lost my keys again")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "It rains.\n", "")
    path = manager.path(manager.get("last").id)
    assert [message.text for message in path] == ["Hello.", "I lost my keys again", "It rains."]


def test_once_reads_its_text_from_input(manager: ConversationManager) -> None:
    assert run("chat", "--once", "-", text="\ufeffTwo\nlines\n").stdout == "It rains.\n"
    assert manager.path(manager.get("last").id)[1].text == "Two\nlines"


def test_a_pipe_gets_a_reply_for_each_line() -> None:
    result = run("chat", text="One\nTwo\n/quit\nThree\n")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "It rains.\nIt rains.\n", "")
    assert run("chat", text="\ufeff/quit\nThree\n").stdout == ""


def test_json_gives_events(manager: ConversationManager) -> None:
    result = run("chat", "--once", "Hi", "--json")
    events = [json.loads(line) for line in result.stdout.splitlines()]
    assert [event["event"] for event in events] == [
        "user_stored",
        "reply_started",
        "piece",
        "piece",
        "reply_finished",
    ]
    assert events[-1]["message"]["id"] == manager.path(manager.get("last").id)[-1].id


def test_resume_goes_on_where_it_was(engine: FakeEngine, manager: ConversationManager) -> None:
    run("chat", "--once", "One", "--set", "mind=critical")
    ProfileStore(config.load().profiles_folder).delete(
        "poet"
    )  # the stored persona speaks on without its file
    first = manager.get("last").id
    assert run("chat", "--resume", "--once", "Two").stdout == "It rains.\n"
    assert run("chat", "-r", first[:5], "--once", "Three").stdout == "It rains.\n"
    assert [turn.text for turn in engine.contexts[-1].turns][1::2] == ["One", "Two", "Three"]
    assert engine.targets[-1] == {
        "attitude": Target.parse("pessimistic:1.2"),
        "mind": Target.parse("critical"),
    }
    assert len(manager.list()) == 1


def test_resume_with_another_persona_and_dials(engine: FakeEngine, manager: ConversationManager) -> None:
    run("chat", "--once", "One")
    ProfileStore(config.load().profiles_folder).save(Profile.parse({"name": "clerk"}))
    assert run("chat", "-r", "-p", "clerk", "--set", "mind=critical", "--once", "Two").exit_code == 0
    assert manager.get("last").profile_name == "clerk"
    assert engine.targets[-1] == {"mind": Target.parse("critical")}


def test_a_dial_that_is_refused_is_not_kept(engine: FakeEngine, manager: ConversationManager) -> None:
    run("chat", "--once", "One")
    before = manager.get("last").profile
    assert run("chat", "--resume", "--once", "Two", "--set", "mnd=critical").exit_code == 2
    assert manager.get("last").profile == before
    assert run("chat", "--resume", "--once", "Two").stdout == "It rains.\n"
    assert run("chat", "--resume", "--once", "Three", "--set", "mind=critical").stdout == "It rains.\n"
    assert engine.targets[-1]["mind"] == Target.parse("critical")
    assert run("chat", "--resume", "--once", "Four").stdout == "It rains.\n"
    assert engine.targets[-1]["mind"] == Target.parse("critical")


def test_flags_reach_the_engine(engine: FakeEngine) -> None:
    dials = ("--set", "attitude=off", "--set", "style=off", "--set", "mind=critical:2")
    run("chat", "--once", "Hi", "--seed", "5", *dials)
    assert engine.seeds == [5]
    assert engine.targets[-1] == {"mind": Target.parse("critical:2")}


def test_a_reply_begins_as_it_is_told(engine: FakeEngine) -> None:
    assert run("chat", "--once", "Hi", "--start-with", "Well,").stdout == "Well, It rains.\n"
    failed(run("chat", "--start-with", "Well,"), 2, "--start-with is for one reply. Give it --once TEXT too.")


def test_flag_wins_over_preset_over_persona_over_settings(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {"name": "poet", "sampling": {"temperature": 0.2, "spread": 0.2, "top_p": 0.2, "stop": ["you:"]}}
    ProfileStore(config.load().profiles_folder).save(Profile.parse(own), overwrite=True)
    for name, value in (("TEMPERATURE", "0.1"), ("SPREAD", "0.1"), ("TOP_P", "0.1"), ("MAX_TOKENS", "9")):
        monkeypatch.setenv(f"CHATBOT_SAMPLING_{name}", value)
    config.config_path().parent.mkdir(parents=True, exist_ok=True)
    config.config_path().write_text("[presets.mine]\ntemperature = 0.3\nspread = 0.3\n")
    run("chat", "--once", "Hi", "--preset", "mine", "--temperature", "0.4")
    drawn = engine.samplings[-1]
    assert (drawn.temperature, drawn.spread, drawn.top_p, drawn.max_tokens) == (0.4, 0.3, 0.2, 9)
    assert drawn.stop == ("you:",)


def test_a_preset_is_set_by_a_name_that_there_is() -> None:
    failed(
        run("config", "set", "chat.preset", "livly"),
        2,
        "There is no preset 'livly'. Did you mean 'lively'? Known: lively, quick.",
    )
    assert not config.config_path().exists()
    config.config_path().parent.mkdir(parents=True, exist_ok=True)
    config.config_path().write_text("[presets.mine]\ntemperature = 0.3\n")
    for name in ("mine", "lively", ""):
        assert run("config", "set", "chat.preset", name).exit_code == 0
        assert config.load().chat.preset == name
    config.config_path().write_text("presets = 3\n")
    assert run("config", "set", "chat.profile", "sunny-baker").exit_code == 0
    rule = f"A preset is a table of settings of [sampling]; {config.config_path()} says 3."
    refused = run("config", "set", "chat.preset", "lively")
    assert refused.exit_code == 2
    assert rule in refused.output


def test_the_persona_of_the_settings_is_there_or_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHATBOT_CHAT_PROFILE")
    unknown = "There is no profile 'pot'. Did you mean 'poet'? See: chatbot profile list"
    failed(run("config", "set", "chat.profile", "pot"), 2, unknown)
    monkeypatch.setenv("CHATBOT_CHAT_PROFILE", "pot")
    failed(run("chat", "--once", "Hi"), 2, f"{unknown} (chat.profile in CHATBOT_CHAT_PROFILE)")
    failed(run("chat", "--once", "Hi", "-p", "pot"), 2, unknown)


def test_a_wrong_setting_of_a_persona_or_a_preset_is_named() -> None:
    ProfileStore(config.load().profiles_folder).save(
        Profile.parse({"name": "odd", "sampling": {"temprature": 1}})
    )
    result = run("chat", "--profile", "odd", "--once", "Hi")
    assert result.exit_code == 2
    assert "There is no setting 'temprature' in [sampling] (profile 'odd')." in result.stderr
    path = config.config_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    for text, sentence in (
        (
            "[presets.wild]\ntemperature = 11\n",
            f"Setting sampling.temperature must be from 0 to 10; [presets.wild] in {path} says 11.0.",
        ),
        (
            "[presets]\nwild = 3\n",
            f"A preset is a table of settings of [sampling]; {path} says 3. Write [presets.NAME] and below "
            "it lines such as temperature = 0.7.",
        ),
    ):
        path.write_text(text)
        failed(run("chat", "--once", "Hi"), 2, sentence)


def test_note_and_scenario_belong_to_one_conversation(
    engine: FakeEngine, manager: ConversationManager
) -> None:
    run("chat", "--once", "Hi", "--note", "It is late.", "--scenario", "{{char}} sits in a train.")
    run("chat", "--resume", "--once", "And?")
    run("chat", "--once", "Hi")
    facts = [context.facts for context in engine.contexts]
    assert facts == [("poet sits in a train.", "It is late.")] * 2 + [()]


def test_incognito_leaves_nothing_on_the_disk(home: Path) -> None:
    before = sorted(home.rglob("*"))
    assert run("chat", "--incognito", "--once", "Hi").stdout == "It rains.\n"
    assert sorted(home.rglob("*")) == before


def test_measures_are_said_when_asked(engine: FakeEngine) -> None:
    engine.trace = {"measured": {"attitude": {"optimistic": 0.1, "pessimistic": 0.9}}}
    result = run("chat", "--once", "Hi", "--measures")
    assert result.stdout == "It rains.\n(attitude clearly pessimistic)\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["--set", "mind"],
            "A dial is ATTRIBUTE=ASPECT[:WEIGHT], such as mind=critical:0.8, or with a strength "
            "mind=critical:90%; not 'mind'.",
        ),
        (
            ["--set", "mnd=critical"],
            "There is no attribute 'mnd'. Did you mean 'mind'? Known: attitude, mind.",
        ),
        (
            ["--set", "attitude=pessimistic:90"],
            "A weight is 20 at the most where it is typed, not as in 'pessimistic:90'. A strength is 90%.",
        ),
        (
            ["--set", "attitud=off"],
            "There is no dial called 'attitud'. Did you mean 'attitude'? Known: attitude.",
        ),
        (
            ["--set", "mind=critcal"],
            "There is no aspect of mind 'critcal'. Did you mean 'critical'? Known: critical, emotional.",
        ),
        (
            ["--resume", "--incognito"],
            "An incognito chat opens no stored conversation. Leave out --resume or --incognito.",
        ),
        (
            ["--device", "gpu"],
            "Setting model.device must be one of auto, cpu, cuda, mps; flag says 'gpu'.",
        ),
        (["--preset", "livly"], "There is no preset 'livly'. Did you mean 'lively'? Known: lively, quick."),
        (["--once", " "], "A message needs at least one visible character; this one is ''. Write one."),
        (
            ["--once", "x" * 100_000],
            "A message may have 20,000 characters; this one has 100,000. Shorten it.",
        ),
    ],
)
def test_a_wrong_request_is_one_line_and_code_2(arguments: list[str], sentence: str) -> None:
    failed(run("chat", *(arguments if "--once" in arguments else ["--once", "Hi", *arguments])), 2, sentence)


def test_a_text_that_cannot_be_is_refused_before_the_model_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(start, "load_engine")
    empty = "A message needs at least one visible character; this one is ''. Write one."
    failed(run("chat", "--once", "-"), 2, empty)


def test_an_empty_batch_needs_no_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delattr(start, "load_engine")
    result = run("batch", "-", "--output", str(tmp_path / "out.jsonl"), text="\n")
    assert (result.exit_code, result.stderr) == (0, "There is nothing to reply to in -.\n")
    assert (tmp_path / "out.jsonl").read_bytes() == b""


def test_only_what_the_persona_asks_for_is_said_to_be_asked_by_it(manager: ConversationManager) -> None:
    ProfileStore(config.load().profiles_folder).save(
        Profile.parse({"name": "odd", "attributes": {"mod": "sad", "mind": "critical"}})
    )
    known = "There is no attribute 'mod'. Known: attitude, mind."
    blamed = (
        f"{known} The dials of 'odd' ask for it: turn it off with --set ATTRIBUTE=off, or name a persona "
        "made for this model with --profile."
    )
    odd = ("chat", "--profile", "odd", "--once", "Hi")
    failed(run(*odd), 2, blamed)
    assert manager.list(include_empty=True) == []
    failed(run(*odd, "--set", "mind=emotional"), 2, blamed)
    failed(run(*odd, "--set", " mod = glad"), 2, known)
    failed(
        run(*odd, "--set", "mod=off", "--set", "mind=critcal"),
        2,
        "There is no aspect of mind 'critcal'. Did you mean 'critical'? Known: critical, emotional.",
    )
    assert run(*odd, "--set", "mod=off").stdout == "It rains.\n"
    failed(run("chat", "--resume", "--once", "Hi", "--set", "mod=sad"), 2, known)


def test_an_unknown_conversation_is_code_2() -> None:
    result = run("chat", "--resume", "nothing", "--once", "Hi")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "nothing answers to 'nothing'" in result.stderr


def test_a_model_that_cannot_be_read_is_code_1_and_what_was_said_is_stored(
    monkeypatch: pytest.MonkeyPatch, manager: ConversationManager
) -> None:
    def broken(settings: config.Config) -> FakeEngine:
        raise ModelError("The model in \x1b[31m/x is corrupt.\nTrain it again.")

    monkeypatch.setattr(start, "load_engine", broken)
    failed(run("chat", "--once", "Hi"), 1, "The model in [31m/x is corrupt. Train it again.")
    assert [message.text for message in manager.path(manager.get("last").id)] == ["Hello.", "Hi"]


def test_a_failed_reply_is_code_1(engine: FakeEngine) -> None:
    engine.pieces = (RuntimeError("out of memory"),)
    failed(run("chat", "--once", "Hi"), 1, "out of memory")


def test_ctrl_c_is_code_130_and_what_was_said_is_stored(
    engine: FakeEngine, manager: ConversationManager
) -> None:
    engine.pieces = ("It ", KeyboardInterrupt())
    assert run("chat", "--once", "Hi").exit_code == 130
    last = manager.path(manager.get("last").id)[-1]
    assert (last.text, last.state) == ("It", "partial")


def test_a_dumb_terminal_gets_the_line_chat(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened: list[str] = []

    def interface(*parts: object, **rest: object) -> int:
        opened.append(os.environ["TERM"])
        return 0

    monkeypatch.setattr("chatbot.tui.app.run", interface)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    for term in ("xterm", "dumb"):
        monkeypatch.setattr(sys, "stdin", io.StringIO("Hi\n/quit\n"))
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
        monkeypatch.setenv("TERM", term)
        assert start.chat(config.load(), None, []) == 0
    assert opened == ["xterm"]
    assert "poet: It rains." in capsys.readouterr().out


def test_closed_streams_do_not_end_the_program(
    monkeypatch: pytest.MonkeyPatch, manager: ConversationManager
) -> None:
    monkeypatch.setattr(sys, "argv", ["chatbot", "chat", "--once", "Hi"])
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    with pytest.raises(SystemExit) as left:
        main()
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        stream.close()
    assert left.value.code == 0
    assert manager.path(manager.get("last").id)[-1].text == "It rains."


def test_pipes_are_utf_8_on_windows(monkeypatch: pytest.MonkeyPatch, manager: ConversationManager) -> None:
    for name in ("stdin", "stdout"):
        pipe = io.TextIOWrapper(io.BytesIO("Zoë ☂".encode()), encoding="cp1252")
        monkeypatch.setattr(sys, name, pipe)
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(sys, "argv", ["chatbot", "chat", "--once", "-"])
    with pytest.raises(SystemExit):
        main()
    assert manager.path(manager.get("last").id)[-2].text == "Zoë ☂"
    assert sys.stdout.encoding == "utf-8"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no disk that is full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_leaves_is_no_failure_and_a_full_disk_is_one(unbuffered: str) -> None:
    settings = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    reader, writer = os.pipe()
    os.close(reader)
    full = os.open("/dev/full", os.O_WRONLY)
    for out, ends in ((writer, ("", 0)), (full, ("Error: No space left on device\n", 1))):
        words = [sys.executable, "-m", "chatbot", "--version"]
        done = subprocess.run(words, stdout=out, stderr=PIPE, env=settings, check=False, text=True)
        os.close(out)
        assert (done.stderr, done.returncode) == ends


def test_a_file_is_no_place_for_a_model(tmp_path: Path) -> None:
    taken = tmp_path / "model"
    taken.write_text("mine")
    failed(
        run("train", "--output", str(taken)), 2, f"A model is a folder, and {taken} is a file. Name another."
    )
    failed(
        run("train", "--output", str(taken / "mine")),
        2,
        f"--output is written into {str(taken)!r}, where nothing can be. Name another.",
    )
    failed(
        run("train", "--output", "new", "--work", str(taken)),
        2,
        f"--work makes a folder to write into; {str(taken)!r} is none. Name another.",
    )
    assert "A recipe must be one of" in run("train", "--output", ".", "--recipe", "x.toml").stderr


def test_ctrl_c_in_training_tells_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from chatbot.train import pipeline

    monkeypatch.setattr(pipeline, "train", Mock(side_effect=KeyboardInterrupt))
    told = f"Interrupted. The same command goes on from what {tmp_path}/mine.work holds.\n"
    result = run("train", "--output", str(tmp_path / "mine"))
    assert (result.exit_code, result.stderr) == (130, told)


def test_a_completion_that_cannot_be_installed_is_code_1(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(**shell: str) -> None:
        raise PermissionError(13, "Permission denied", "/home/me/.bashrc")

    monkeypatch.setattr("typer.completion.install", refused)
    failed(run("--install-completion"), 1, "/home/me/.bashrc: Permission denied")


def test_a_mistake_in_the_program_is_not_hidden(engine: FakeEngine) -> None:
    engine.pieces = (ZeroDivisionError(),)
    assert isinstance(run("chat", "--once", "Hi").exception, ZeroDivisionError)


def test_ctrl_c_while_the_program_is_read_is_code_130(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stopped(ModuleType):
        def __getattr__(self, name: str) -> None:
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "chatbot.cli", Stopped("chatbot.cli"))
    with pytest.raises(SystemExit, match="130"):
        runpy.run_module("chatbot", run_name="__main__")


def test_an_unknown_option_is_code_2() -> None:
    result = run("chat", "--prfile", "poet")
    assert result.exit_code == 2
    near = "Error: No such option: --prfile (Possible options: --inline, --preset, --profile)"
    assert result.stderr.splitlines()[-1] == near


def test_batch_writes_replies_in_order_and_names_bad_lines(tmp_path: Path) -> None:
    source, output = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(
        '{"id": "a", "turns": ["x"], "profile": "poet"}\n{"turns": []}\n{"id": "b", "turns": ["y"]}\n'
    )
    result = run("batch", str(source), "--output", str(output), "--seed", "3", "--batch-size", "1")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f'{source}:2: "turns" needs at least one text; the last one is what is replied to.\nReplies\n'
    )
    assert [json.loads(line) for line in output.read_text().splitlines()] == [
        {"id": "a", "reply": "x / ", "trace": {"seed": 4, "targets": {"attitude": "pessimistic:1.2"}}},
        {"id": "b", "reply": "y / ", "trace": {"seed": 6, "targets": {}}},
    ]


def test_batch_without_bad_lines_is_code_0(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_bytes(b'\xef\xbb\xbf{"turns": ["x"]}\r\n')
    assert run("batch", str(source), "-o", str(tmp_path / "out.jsonl")).exit_code == 0


def test_a_batch_that_cannot_be_is_code_2_before_the_model_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(start, "load_engine")
    missing, output = tmp_path / "no.jsonl", tmp_path / "out.jsonl"
    unread = f"{missing} cannot be read: No such file or directory. Give another file."
    failed(run("batch", str(missing), "-o", str(output)), 2, unread)
    assert not output.exists()
    unread = f"{tmp_path} cannot be read: Is a directory. Give another file."
    failed(run("batch", str(tmp_path), "-o", str(output)), 2, unread)
    for place in (str(tmp_path), str(tmp_path / "no" / "out.jsonl")):
        where = "into a folder that exists and may be written"
        nowhere = f"--output writes a file, {where}; {place!r} is none. Name another."
        failed(run("batch", "-", "-o", place), 2, nowhere)
    output.write_text('{"id": 1}\n')
    taken = f"A batch writes a new file, and {output} is not empty. Name another, or - to print the replies."
    for source in (str(missing), "-"):
        failed(run("batch", source, "-o", str(output)), 2, taken)
    assert output.read_text() == '{"id": 1}\n'


def test_config_path() -> None:
    assert run("config", "path").output == f"{config.config_path()}\n"


def test_config_template_is_the_shipped_file() -> None:
    assert run("config", "template").output == config.shipped_path().read_text()


def test_config_set_show_and_unset() -> None:
    assert run("config", "show").output == 'chat.profile = "poet"  # CHATBOT_CHAT_PROFILE\n'
    result = run("config", "set", "sampling.seed", "7")
    assert result.output == f"sampling.seed = 7 written to {config.config_path()}\n"
    assert run("config", "show").output == (
        f'sampling.seed = 7  # {config.config_path()}\nchat.profile = "poet"  # CHATBOT_CHAT_PROFILE\n'
    )
    assert run("config", "set", "sampling.seed", "-1").output.startswith("sampling.seed = -1 written")
    assert run("config", "unset", "sampling.seed").output == "sampling.seed is the default again\n"
    assert run("config", "show").output == 'chat.profile = "poet"  # CHATBOT_CHAT_PROFILE\n'


def test_config_unset_takes_out_what_stops_every_command() -> None:
    wrong = "# mine\n[sampling]\ntemperatur = 1.0\nseed = 3\n\n[smapling]\nx = 1\n\n[presets.odd]\ntopp = 1\n"
    config.config_path().parent.mkdir(parents=True, exist_ok=True)
    config.config_path().write_text(wrong)
    assert run("config", "show").exit_code == 2
    for name in ("sampling.temperatur", "smapling.x", "presets.odd"):
        gone = f"{name} was taken out of {config.config_path()}\n"
        assert run("config", "unset", name).output == gone
    assert config.config_path().read_text().startswith("# mine\n[sampling]\nseed = 3\n")
    assert config.load().sampling.seed == 3
    assert "no setting 'temperatur' in [sampling]" in run("config", "unset", "sampling.temperatur").stderr
    assert run("config", "unset", "sampling.top_p").output == "sampling.top_p is the default again\n"


def test_config_set_says_when_a_variable_wins() -> None:
    for change in (("set", "chat.profile", "poet"), ("unset", "chat.profile")):
        wins = "But CHATBOT_CHAT_PROFILE is set, and a variable wins over the file.\n"
        assert run("config", *change).stderr == wins


def test_config_show_of_nothing_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHATBOT_CHAT_PROFILE")
    shown = run("config", "show")
    told = "Every setting is the default. See them with --all.\n"
    assert (shown.exit_code, shown.stdout, shown.stderr) == (0, "", told)


def test_config_show_all_names_every_setting() -> None:
    lines = run("config", "show", "--all").output.splitlines()
    assert [line.split(" = ")[0] for line in lines] == [
        *(name for name, _, _ in config.settings(config.Config())),
        *("presets.quick", "presets.lively"),
    ]
    assert lines[-2] == "presets.quick = {candidates = 1}  # default"
    assert "sampling.seed = -1  # default" in lines


def test_config_set_refuses_what_is_no_setting() -> None:
    failed(
        run("config", "set", "chat.profil", "x"),
        2,
        "There is no setting 'profil' in [chat] (the command line). Did you mean 'profile'? "
        "Known: incognito, measures, preset, profile, user_facts, user_name.",
    )
