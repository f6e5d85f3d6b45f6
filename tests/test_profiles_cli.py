"""`chatbot profile`: whole outputs, real files, typed answers and a real editor process."""

from __future__ import annotations

import io
import json
import os
import pty
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from chatbot.cli import app, authoring, stored
from full_disk import no_room_for
from profiles import Profile, ProfileStore, cards, versions

ROOT = Path(__file__).parents[1]
BUILTINS = len(ProfileStore(Path("nowhere")).names())
MANIFEST = {"attributes": {"style": ["lyrical", "plain"], "attitude": ["optimistic", "pessimistic"]}}
Run = Callable[..., Result]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProfileStore:
    """The store that the commands use; the model is a folder with a manifest alone."""
    model = tmp_path / "model"
    model.mkdir()
    (model / "manifest.json").write_text(json.dumps(MANIFEST), encoding="utf-8")
    monkeypatch.setenv("CHATBOT_MODEL_PATH", str(model))
    monkeypatch.setenv("CHATBOT_PROFILES_PATH", str(tmp_path / "own"))
    return ProfileStore(tmp_path / "own")


@pytest.fixture
def run(store: ProfileStore) -> Run:
    def run(*words: str, typed: str | None = None) -> Result:
        result = CliRunner().invoke(app, ["profile", *words], input=typed)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authoring, "on_terminal", lambda: True)
    monkeypatch.setattr(stored, "can_answer", lambda: True)


def _editor(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Let $VISUAL be a process that runs `script` with `path` as the file."""
    program = f"import pathlib, sys\npath = pathlib.Path(sys.argv[-1])\n{script}"
    monkeypatch.setenv("VISUAL", shlex.join([sys.executable, "-c", program]))


def test_create_by_flags(run: Run, store: ProfileStore) -> None:
    words = ["--set", "attitude=pessimistic:1.2", "--set", "style=plain", "--greeting", "Hi.\nYou."]
    result = run(
        *("create", "bob", *words, "--fact", "I am Bob.", "--fact", "I nap.", "--description", "A bob."),
        *("--called", "Bob B."),
    )
    assert result.output == f"Saved {store.path('bob')}\nTalk to it: chatbot chat --profile bob\n"
    assert store.load("bob") == Profile.parse(
        {
            "name": "bob",
            "display_name": "Bob B.",
            "description": "A bob.",
            "facts": ["I am Bob.", "I nap."],
            "greeting": "Hi.\nYou.",
            "attributes": {"attitude": "pessimistic:1.2", "style": "plain"},
        }
    )


def test_create_from_another(run: Run, store: ProfileStore) -> None:
    run("create", "ann", "--fact", "I am Ann.", "--set", "attitude=optimistic", "--set", "style=plain")
    run("create", "bob", "--from", "Ann", "--fact", "I nap.", "--set", "style=off", "--greeting", "Yo.")
    assert store.load("bob") == Profile.parse(
        {
            "name": "bob",
            "facts": ["I am Ann.", "I nap."],
            "greeting": "Yo.",
            "attributes": {"attitude": "optimistic"},
        }
    )


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (
            ["bob"],
            "A profile is made by questions on a terminal, and there is none here. "
            "Give at least one of --set, --fact, --from, --greeting, --description and --called.",
        ),
        (
            ["b.b"],
            "A profile name is 1 to 48 letters, digits, '-' or '_', and starts with a letter or a digit, "
            "not 'b.b'. Try 'b-b'.",
        ),
        (
            ["bob", "--set", "atitude=plain"],
            "There is no attribute 'atitude'. Did you mean 'attitude'? Known: attitude, style.",
        ),
        (
            ["bob", "--set", "style=lyric"],
            "There is no aspect of style 'lyric'. Did you mean 'lyrical'? Known: lyrical, plain.",
        ),
        (["bob", "--from", "an"], "There is no profile 'an'. See: chatbot profile list"),
        (["bob", "--fact", " "], "facts: An entry has words, but entry 1 is blank. Leave it out."),
        (
            ["Sunny-Baker", "--fact", "x"],
            "There is a profile 'sunny-baker', which differs from 'Sunny-Baker' only in case. "
            "Choose another name.",
        ),
    ],
)
def test_create_refuses_in_one_line_and_writes_nothing(
    run: Run, store: ProfileStore, words: list[str], error: str
) -> None:
    result = run("create", *words)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"Error: {error}\n")
    assert not store.folder.exists()


@pytest.mark.usefixtures("terminal")
def test_create_by_questions_asks_again_what_it_does_not_understand(run: Run, store: ProfileStore) -> None:
    typed = ["A bob.", "x" * 201, "I am Bob.", "I nap.", "", "Hi.", "lyric", "lyrical:90%", ""]
    result = run("create", "bob", typed="\n".join([*typed, ""]))
    assert result.stdout == (
        "An empty answer leaves a question out, Ctrl+C leaves everything as it was.\n"
        "Who is this, in one sentence: "
        "Facts are short and in the first person, one at a time, such as: I am a poet.\n"
        "People ask first for its work, name, age and home. An empty answer ends them.\n"
        "A fact: Error: facts: A fact has at most 200 characters, not 201: "
        f"'{'x' * 56}.... Split it into short sentences.\n"
        "A fact: A fact: A fact: "
        "What does it say first: "
        "For each attribute an aspect, alone or with a strength: lyrical, lyrical:90%.\n"
        "style (lyrical, plain): "
        "Error: There is no aspect of style 'lyric'. Did you mean 'lyrical'? Known: lyrical, plain.\n"
        "style (lyrical, plain): "
        "attitude (optimistic, pessimistic): "
        f"Saved {store.path('bob')}\n"
        "Talk to it: chatbot chat --profile bob\n"
    )
    assert store.load("bob") == Profile.parse(
        {
            "name": "bob",
            "description": "A bob.",
            "facts": ["I am Bob.", "I nap."],
            "greeting": "Hi.",
            "attributes": {"style": "lyrical:90%"},
        }
    )


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("manifest", [None, "{", "[]", '{"attributes": 5}'])
def test_create_by_questions_without_a_model_takes_any_attribute(
    run: Run, store: ProfileStore, tmp_path: Path, manifest: str | None
) -> None:
    path = tmp_path / "model" / "manifest.json"
    path.unlink() if manifest is None else path.write_text(manifest)
    typed = "\n\n\nstyle\nstyle=odd:2\nmood=a+b\n\n"
    result = run("create", "bob", typed=typed)
    assert "Error: A dial is ATTRIBUTE=ASPECT[:WEIGHT]" in result.output
    assert store.load("bob") == Profile.parse(
        {"name": "bob", "attributes": {"style": "odd:2", "mood": "a+b"}}
    )


@pytest.mark.usefixtures("terminal")
def test_create_asks_nothing_when_the_name_is_taken(run: Run, store: ProfileStore) -> None:
    store.save(Profile(name="bob"))
    result = run("create", "bob", typed="A bob.\n")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "Error: There is a profile 'bob'. Choose another name, or delete that one first: "
        "chatbot profile delete bob\n"
    )


@pytest.mark.usefixtures("terminal")
def test_create_broken_off_writes_nothing(run: Run, store: ProfileStore) -> None:
    result = run("create", "bob", typed="A bob.\n")
    assert (result.exit_code, result.stdout[-10:]) == (130, "\nA fact: \n")
    assert not store.folder.exists()


def test_an_answer_is_edited_with_the_keys_of_a_terminal(store: ProfileStore) -> None:
    terminal, inside = pty.openpty()
    os.write(terminal, b"A bb.\x1b[D\x1b[Do\n\n\n\n\n")
    command = [sys.executable, "-m", "chatbot", "profile", "create", "bob"]
    subprocess.run(command, stdin=inside, stdout=inside, cwd=ROOT, check=True, timeout=60)
    os.close(inside)
    os.close(terminal)
    assert store.load("bob") == Profile(name="bob", description="A bob.")


def test_list_is_a_table_and_names_broken_files_apart(run: Run, store: ProfileStore) -> None:
    store.save(Profile(name="bob", description="A \x1b[31mred\nbob 🙂 [b]\n" + "x" * 999))
    store.save(Profile(name="日本"))
    (store.folder / "bad.toml").write_text("fatcs = 1", encoding="utf-8")
    result = run("list")
    lines = result.stdout.splitlines()
    assert len(lines) == 1 + BUILTINS + 2
    assert lines[0] == "NAME                   FROM      DESCRIPTION"
    assert lines[2].startswith("blunt-mechanic         built-in  Says what is wrong with your car")
    assert lines[3] == "bob                    yours     A [31mred bob 🙂 [b]"
    assert lines[-1] == "日本                   yours"
    assert result.stderr == (
        f"Broken profile 'bad' ({store.folder / 'bad.toml'}): A profile has no key 'fatcs'. Did you mean "
        "'facts'? It has: name, display_name, description, facts, greeting, alternate_greetings, scenario, "
        "example_dialogue, tags, attributes, arc, sampling, lorebook.\n"
    )
    assert result.exit_code == 0


def test_list_fills_in_the_names_that_a_card_leaves_open(
    run: Run, store: ProfileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.save(Profile(name="bob", display_name="Bob B.", description="{{char}} waits for {{user}}."))
    monkeypatch.setenv("CHATBOT_CHAT_USER_NAME", "Ann")
    assert "yours     Bob B. waits for Ann.\n" in run("list").stdout
    assert "{{char}} waits" in run("show", "bob").stdout, "the file as it is"


def test_list_as_json(run: Run, store: ProfileStore) -> None:
    store.save(Profile(name="bob", facts=("\x1b\u202e日",)))
    (store.folder / "bad.toml").write_text("=", encoding="utf-8")
    result = run("list", "--json")
    assert result.stdout.isascii()
    listing = json.loads(result.stdout)
    assert len(listing["profiles"]) == BUILTINS + 1
    bob = next(fields for fields in listing["profiles"] if fields["name"] == "bob")
    assert bob["facts"] == ["\x1b\u202e日"]
    assert (bob["builtin"], bob["path"]) == (False, str(store.path("bob")))
    assert [(file["name"], file["path"]) for file in listing["broken"]] == [
        ("bad", str(store.folder / "bad.toml"))
    ]


def test_show_has_everything_that_is_said(run: Run, store: ProfileStore) -> None:
    bob = Profile.parse(
        {
            "name": "bob",
            "description": "A bob.",
            "facts": ["I am Bob.", "I \x1b[2Jnap."],
            "greeting": "Hi.\nYou.",
            "alternate_greetings": ["Yo."],
            "scenario": "A bar.",
            "example_dialogue": "<START>\nHi",
            "tags": ["a", "b"],
            "attributes": {
                "style": "plain",
                "attitude": "pessimistic:1.25",
                "mind": "emotional*4+critical:1",
                "openness": "high:0",
            },
        }
    )
    store.save(bob)
    assert run("show", "BOB").output == (
        "bob (yours)\n"
        "A bob.\n\n"
        "Attributes\n"
        "  style     plain                        weight 1\n"
        "  attitude  pessimistic                  weight 1.25\n"
        "  mind      80% emotional, 20% critical  weight 1\n"
        "  openness  high                         weight 0\n\n"
        "Facts\n  I am Bob.\n  I [2Jnap.\n\n"
        "Scenario\n  A bar.\n\n"
        "Greeting\n  Hi.\n  You.\n\n"
        "Other greetings\n  Yo.\n\n"
        "Example dialogue\n  <START>\n  Hi\n\n"
        "Tags\n  a, b\n\n"
        f"File    {store.path('bob')}\n"
        f"Digest  {bob.digest()}\n"
    )


def test_show_leaves_out_what_is_not_said(run: Run, store: ProfileStore) -> None:
    bob = Profile(name="bob")
    path = store.save(bob)
    assert run("show", "bob").output == f"bob (yours)\n\nFile    {path}\nDigest  {bob.digest()}\n"


def test_show_as_json_is_a_profile_again(run: Run, store: ProfileStore) -> None:
    shown = json.loads(run("show", "gloomy-poet", "--json").stdout)
    poet = store.load("gloomy-poet")
    path, digest = str(store.path("gloomy-poet")), poet.digest()
    assert [shown.pop(key) for key in ("builtin", "favourite", "path", "digest")] == [
        *(True, False),
        *(path, digest),
    ]
    assert Profile.parse(shown) == poet


def test_edit_keeps_the_text_as_it_was_typed(
    run: Run, store: ProfileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write("bob", 'greeting = "Hi" # mine\n')
    _editor(monkeypatch, "path.write_text(path.read_text().replace('Hi', 'Yo'))")
    assert run("edit", "Bob").output == f"Saved {store.path('bob')}\n"
    assert store.read("bob") == 'greeting = "Yo" # mine\n'


def test_edit_of_a_built_in_profile_makes_an_own_one(
    run: Run, store: ProfileStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "model" / "manifest.json").unlink()
    before = store.load("gloomy-poet")
    _editor(monkeypatch, "path.write_text(path.read_text() + '\\n# mine\\n')")
    assert run("edit", "gloomy-poet").output == f"Saved {store.folder / 'gloomy-poet.toml'}\n"
    assert store.load("gloomy-poet") == before
    assert store.read("gloomy-poet").endswith("\n# mine\n")


def test_edit_without_a_change_saves_nothing(
    run: Run, store: ProfileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    _editor(monkeypatch, "")
    assert run("edit", "gloomy-poet").output == "Nothing changed\n"
    assert not store.folder.exists()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"fatcs = []", "A profile has no key 'fatcs'. Did you mean 'facts'?"),
        (b"[attributes]\nstyle = 'lyric'", "There is no aspect of style 'lyric'. Did you mean 'lyrical'?"),
        (b"name = 'ann'", "The key 'name' repeats the name of the profile, 'bob', not 'ann'."),
        (b"greeting = '\xff'", "A profile is UTF-8 text, and this is not ('utf-8' codec can't decode"),
    ],
)
def test_edit_refuses_an_invalid_text_and_says_where_it_is_kept(
    run: Run, store: ProfileStore, monkeypatch: pytest.MonkeyPatch, text: bytes, reason: str
) -> None:
    store.save(Profile(name="bob", greeting="Hi."))
    _editor(monkeypatch, f"path.write_bytes({text!r})")
    result = run("edit", "bob")
    assert (result.exit_code, result.stdout) == (2, "")
    assert reason in result.stderr
    told, _, kept = result.stderr.strip().rpartition(" The profile is as it was; the rejected text is in ")
    assert told
    assert Path(kept).read_bytes() == text
    Path(kept).unlink()
    assert store.load("bob") == Profile(name="bob", greeting="Hi.")


def test_edit_on_a_full_disk_is_no_mistake_of_the_person(
    run: Run, store: ProfileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    store.save(Profile(name="bob", greeting="Hi."))
    _editor(monkeypatch, "path.write_text('greeting = \\'Yo\\'')")
    monkeypatch.setattr(os, "fsync", full)
    result = run("edit", "bob")
    assert result.exit_code == 1
    assert "could not be written: No space left on device." in result.stderr
    kept = Path(result.stderr.strip().rpartition(" the rejected text is in ")[2])
    assert kept.read_text() == "greeting = 'Yo'"
    kept.unlink()


def test_edit_when_the_editor_fails(
    run: Run, store: ProfileStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    store.save(Profile(name="bob"))
    _editor(monkeypatch, "path.write_text('x'); sys.exit(3)")
    result = run("edit", "bob")
    assert (result.exit_code, result.stderr) == (
        1,
        f"Error: {sys.executable} ended with the code 3; the text stays as it was.\n",
    )
    monkeypatch.setenv("VISUAL", "no-such-editor -w")
    result = run("edit", "bob")
    assert (result.exit_code, result.stderr) == (
        2,
        "Error: The editor 'no-such-editor' cannot be run: No such file or directory. "
        "Set the variable EDITOR.\n",
    )
    monkeypatch.setenv("VISUAL", "vi 'x")
    assert 'VISUAL is "vi \'x": No closing quotation.' in run("edit", "bob").stderr
    monkeypatch.delenv("VISUAL")
    monkeypatch.delenv("EDITOR", raising=False)
    (tmp_path / "vim").symlink_to("/bin/true")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run("edit", "bob").stderr == (
        "Error: No editor is named, and there is no nano. Name yours in the variable EDITOR: EDITOR=vim\n"
    )
    assert store.load("bob") == Profile(name="bob")


@pytest.mark.usefixtures("terminal")
def test_delete_asks_first(run: Run, store: ProfileStore) -> None:
    path = store.save(Profile(name="bob"))
    result = run("delete", "bob", typed="n\n")
    assert (result.stdout, result.stderr) == ("", f"Delete {path}? [y/N]: Nothing was deleted.\n")
    assert path.exists()
    assert run("delete", "bob", typed="y\n").stdout == (
        "Deleted bob\nBring it back: chatbot profile rollback bob 1\n"
    )
    assert not path.exists()


@pytest.mark.usefixtures("terminal")
def test_ctrl_c_at_the_question_deletes_nothing_and_is_code_130(
    store: ProfileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted(io.StringIO):
        def readline(self, size: int | None = -1, /) -> str:
            raise KeyboardInterrupt

    path = store.save(Profile(name="bob"))
    monkeypatch.setattr(sys, "stdin", Interrupted())
    with pytest.raises(SystemExit) as ended:
        app(["profile", "delete", "bob"])
    assert (ended.value.code, path.exists()) == (130, True)


def test_delete_needs_yes_where_nobody_can_be_asked(run: Run, store: ProfileStore) -> None:
    path = store.save(Profile(name="bob"))
    result = run("delete", "bob", typed="y\n")
    assert (result.exit_code, result.stderr) == (
        2,
        "Error: Deleting asks first, and there is no terminal to ask on. Add --yes to delete at once.\n",
    )
    assert path.exists()


def test_delete_with_yes_asks_nothing(run: Run, store: ProfileStore) -> None:
    store.save(Profile(name="gloomy-poet"))
    assert run("delete", "gloomy-poet", "--yes").output == (
        "Deleted gloomy-poet, the built-in one shows again\n"
        "Bring it back: chatbot profile rollback gloomy-poet 1\n"
    )


def test_what_stood_in_a_broken_profile_is_named_when_it_is_deleted(run: Run, store: ProfileStore) -> None:
    store.save(Profile(name="bob")).write_text("name =")
    said = run("delete", "bob", "--yes").output
    assert said.startswith("Deleted bob\nWhat stood in it is kept: ")
    assert Path(said.rpartition(": ")[2].strip()).read_text() == "name ="


@pytest.mark.parametrize("words", [["delete", "gloomy-poet"], ["rename", "gloomy-poet", "bob"]])
def test_built_in_profiles_stay(run: Run, words: list[str]) -> None:
    result = run(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        f"Error: A built-in profile cannot be {words[0]}d, and 'gloomy-poet' is one. "
        "Make your own of it: chatbot profile copy gloomy-poet NEW\n"
    )


def test_rename_and_copy(run: Run, store: ProfileStore) -> None:
    store.save(Profile(name="bob"))
    assert run("rename", "bob", "ann").output == f"Saved {store.folder / 'ann.toml'}\n"
    assert run("copy", "ann", "carl").output == f"Saved {store.folder / 'carl.toml'}\n"
    assert run("copy", "ann:3,gloomy-poet", "dora").output == f"Saved {store.folder / 'dora.toml'}\n"
    assert store.load("dora").facts == store.load("gloomy-poet").facts
    names = [stored.profile.name for stored in store.list().profiles if not stored.builtin]
    assert names == ["ann", "carl", "dora"]


def test_a_blend_is_copied_before_it_is_changed(run: Run) -> None:
    assert run("edit", "gloomy-poet,calm-captain").stderr == (
        "Error: A blend has no file, and 'gloomy-poet,calm-captain' is one. "
        "Save it first: chatbot profile copy 'gloomy-poet,calm-captain' NEW\n"
    )


CARD = {
    "spec": "chara_card_v2",
    "spec_version": "2.0",
    "data": {
        "name": "Captain Ahab",
        "description": "I hunt a whale.",
        "first_mes": "Call me {{char}}, {{User}}.",
        "system_prompt": "Obey.",
        "creator_notes": "<style>p {}</style><p>Be kind\x1b[31m.</p>\n\nMore.",
        "extensions": {
            "chatbot/attributes": {"style": {"aspect": "plain", "weight": 1.2}},
            "depth_prompt": {"prompt": "!"},
        },
        "ünknown": "\u202e",
    },
}


def test_import_and_export_of_a_card(run: Run, store: ProfileStore, tmp_path: Path) -> None:
    source = tmp_path / "ahab.json"
    source.write_text(json.dumps(CARD), encoding="utf-8")
    result = run("import", str(source))
    path = store.folder / "Captain-Ahab.toml"
    assert result.output == (
        "Its creator says: Be kind[31m.\n"
        "Kept, but not followed (this model takes no instructions): system_prompt, depth_prompt.\n"
        "It has 2 facts and the dials style=plain:1.2.\n"
        f"Saved {path}\n"
        'It calls you "friend" until you say your name: chatbot config set chat.user_name NAME\n'
        "Change it: chatbot profile edit Captain-Ahab\n"
        "Talk to it: chatbot chat --profile Captain-Ahab\n"
    )
    assert store.load("Captain-Ahab") == Profile.parse(
        {
            "name": "Captain-Ahab",
            "display_name": "Captain Ahab",
            "description": "I hunt a whale.",
            "facts": ["My name is Captain Ahab.", "I hunt a whale."],
            "greeting": "Call me {{char}}, {{User}}.",
            "attributes": {"style": "plain:1.2"},
        }
    )
    exported = run("export", "captain-ahab")
    assert run("export", "captain-ahab", "--output", "-").output == exported.output
    assert json.loads(exported.stdout_bytes.decode("utf-8")) == CARD
    for form in cards.FORMATS:
        target = tmp_path / f"out.{form}"
        assert run("export", "captain-ahab", "--output", str(target)).output == (
            f"Captain-Ahab written to {target}\n"
        )
        card = cards.read(target.read_bytes())
        assert card.form == form
        assert card.profile()[0] == store.load("Captain-Ahab")
        assert card.card["data"]["ünknown"] == "\u202e"


def test_export_in_a_format_of_choice(run: Run, store: ProfileStore, tmp_path: Path) -> None:
    target = tmp_path / "poet.card"
    run("export", "gloomy-poet", "--format", "png", "--output", str(target))
    assert cards.read(target.read_bytes()).profile() == (store.load("gloomy-poet"), [])
    target = tmp_path / "poet.toml"
    refused = run("export", "gloomy-poet", "--output", str(target))
    assert (refused.exit_code, target.exists()) == (2, False)
    assert refused.stderr.startswith("Error: A card ends in .json, .png or .charx, not '.toml'. Name one")


def test_an_export_tells_what_stays_behind(run: Run, store: ProfileStore) -> None:
    store.save(Profile(name="bob", sampling={"seed": 1}))
    assert run("export", "bob").stderr == "Warning: A card carries no [sampling]; it stays behind.\n"


def test_an_export_goes_to_the_home_folder_by_its_tilde(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path))
    assert run("export", "gloomy-poet", "--output=~/p.json").exit_code == 0
    assert json.loads((tmp_path / "p.json").read_bytes())["data"]["name"] == "gloomy-poet"
    assert run("export", "gloomy-poet", "--output=~/p.json").exit_code == 2


def test_an_export_that_finds_no_room_can_be_tried_again(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "poet.json"
    with no_room_for(target):
        failed = run("export", "gloomy-poet", "--output", str(target))
    assert (failed.exit_code, failed.stdout, target.exists()) == (1, "", False)
    assert f"{target} cannot be: No space left on device" in failed.stderr
    assert run("export", "gloomy-poet", "--output", str(target)).exit_code == 0


def test_export_never_overwrites_and_prints_no_picture(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "poet.png"
    target.write_bytes(b"mine")
    result = run("export", "gloomy-poet", "--output", str(target))
    assert (result.exit_code, result.stderr) == (
        2,
        f"Error: An export makes a new file, and {target} exists. Choose another name.\n",
    )
    assert target.read_bytes() == b"mine"
    result = run("export", "gloomy-poet", "--format", "png")
    assert (result.exit_code, result.stdout, result.stderr) == (
        2,
        "",
        "Error: A png card goes into a file, and none was named. Give --output FILE.\n",
    )


def test_import_under_another_name(run: Run, store: ProfileStore, tmp_path: Path) -> None:
    source = tmp_path / "ahab.json"
    source.write_text(json.dumps(CARD), encoding="utf-8")
    assert run("import", str(source)).exit_code == 0
    again = run("import", str(source))
    assert again.exit_code == 2
    assert again.stderr.startswith("Error: There is a profile 'Captain-Ahab'. Choose another name")
    assert run("import", str(source), "--name", "ahab").exit_code == 0
    assert store.load("ahab").greeting == "Call me {{char}}, {{User}}."
    assert run("import", str(source), "--name", "../x").exit_code == 2


def test_import_warns_of_what_the_model_lacks(run: Run, store: ProfileStore, tmp_path: Path) -> None:
    source = tmp_path / "x.json"
    extensions = {"chatbot/attributes": {"styles": "plain"}}
    source.write_text(json.dumps({"name": "x", "extensions": extensions}), encoding="utf-8")
    result = run("import", str(source))
    assert result.stderr == (
        "Warning: This model cannot follow the card: There is no attribute 'styles'. "
        "Did you mean 'style'? Known: attitude, style.\n"
    )
    assert str(store.load("x").attributes["styles"]) == "plain"


def test_import_of_what_is_no_card(run: Run, store: ProfileStore, tmp_path: Path) -> None:
    source = tmp_path / "x.png"
    source.write_bytes(b"\x89PNG\r\n\x1a\n\0")
    result = run("import", str(source))
    assert (result.exit_code, result.stderr) == (
        2,
        "Error: The picture is cut short: it ends within a chunk after 8 bytes. Get it again.\n",
    )
    assert run("import", str(tmp_path / "missing.png")).exit_code == 2
    profile = tmp_path / "bob.toml"
    profile.write_text('name = "bob"\n', encoding="utf-8")
    result = run("import", str(profile))
    assert result.exit_code == 2
    assert f"{profile} is a profile. Copy it into {store.folder}" in result.stderr
    assert not store.folder.exists()


def test_history_diff_and_rollback(run: Run, store: ProfileStore, tmp_path: Path) -> None:
    store.write("bob", 'greeting = "Hi." # mine\n')
    store.save(Profile(name="bob", facts=("I \x1b[2Jnap.",)), overwrite=True)
    os.utime(versions.version(store, "bob", 1).path, (1_000_000_000, 1_000_000_000))
    first, second = versions.versions(store, "bob")
    times = [f"{version.written.astimezone():%Y-%m-%d %H:%M}" for version in (first, second)]
    assert run("history", "BOB").output == (
        "VERSION  WRITTEN           DIGEST\n"
        f"1        {times[0]}  {Profile(name='bob', greeting='Hi.').digest()}\n"
        f"2        {times[1]}  {store.load('bob').digest()}  now\n"
    )
    assert json.loads(run("history", "bob", "--json").stdout) == [
        {
            "version": version.number,
            "written": version.written.isoformat(),
            "digest": version.digest,
            "builtin": False,
            "deleted": False,
            "current": version.number == 2,
            "path": str(version.path),
        }
        for version in (first, second)
    ]
    lines = [
        *("--- bob version 1", "+++ bob now", "@@ -1 +1,4 @@", '-greeting = "Hi." # mine'),
        *('+name = "bob"', "+facts = [", '+    "I \\u001b[2Jnap.",', "+]"),
    ]
    assert run("diff", "bob").output == "\n".join(lines) + "\n"
    assert run("diff", "bob", "1", "2").output == "\n".join(lines) + "\n"
    assert json.loads(run("diff", "bob", "--json").stdout) == {"from": 1, "to": 2, "lines": lines}
    assert run("diff", "bob", "2").output == "They say the same.\n"
    assert run("rollback", "Bob", "1").output == f"Saved {store.path('bob')}\n"
    assert run("history", "bob").output.splitlines()[1].endswith("  the same as now")


def test_history_of_a_deleted_and_of_a_built_in_persona(run: Run, store: ProfileStore) -> None:
    store.save(Profile(name="gloomy-poet"))
    poet = ProfileStore(store.folder / "none").load("gloomy-poet")
    assert run("delete", "gloomy-poet", "--yes").exit_code == 0
    lines = run("history", "gloomy-poet").stdout.splitlines()
    assert lines[1] == f"0                          {poet.digest()}  built-in"
    assert lines[2].endswith(f"  {Profile(name='gloomy-poet').digest()}  deleted")
    assert len(lines) == 3
    assert run("diff", "gloomy-poet", "0", "1").stdout.startswith(
        "--- gloomy-poet built-in\n+++ gloomy-poet version 1\n@@ "
    )
    now = "--- gloomy-poet version 1\n+++ gloomy-poet built-in\n@@ "
    assert all(run("diff", "gloomy-poet", *older).stdout.startswith(now) for older in ((), ("1",)))
    assert run("rollback", "gloomy-poet", "1").exit_code == 0
    assert store.load("gloomy-poet") == Profile(name="gloomy-poet")


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["diff", "bob"], "A comparison needs two versions, and bob has one. Change it first."),
        (["diff", "bob", "7"], "bob has these versions: 1; not 7. Choose one of them."),
        (["rollback", "bob", "7"], "bob has these versions: 1; not 7. Choose one of them."),
        (
            ["history", "bbo"],
            "There is no profile 'bbo'. Did you mean 'bob'? See: chatbot profile list",
        ),
        (["favourite", "bbo"], "There is no profile 'bbo'. Did you mean 'bob'? See: chatbot profile list"),
    ],
)
def test_what_there_is_no_version_of(run: Run, store: ProfileStore, words: list[str], error: str) -> None:
    store.save(Profile(name="bob"))
    result = run(*words)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"Error: {error}\n")


def test_favourites_and_tags(run: Run, store: ProfileStore) -> None:
    store.save(Profile(name="zoe", tags=("Night", "x")))
    assert run("favourite", "ZOE").output == "zoe is a favourite\n"
    lines = run("list").stdout.splitlines()
    assert lines[1] == "zoe                    yours, favourite"
    assert (
        run("list", "--favourite").stdout == "NAME  FROM              DESCRIPTION\nzoe   yours, favourite\n"
    )
    night = [line.split()[0] for line in run("list", "--tag", "night").stdout.splitlines()[1:]]
    assert night == ["zoe", "gloomy-poet", "tired-detective"]
    shown = json.loads(run("list", "--tag", "X", "--favourite", "--json").stdout)["profiles"]
    assert [(profile["name"], profile["favourite"]) for profile in shown] == [("zoe", True)]
    assert json.loads(run("show", "zoe", "--json").stdout)["favourite"] is True
    assert run("show", "zoe").stdout.startswith("zoe (yours, favourite)\n")
    assert run("favourite", "zoe", "--off").output == "zoe is no favourite any more\n"
    none = run("list", "--favourite")
    told = "No favourite is among them. See: chatbot profile favourite --help\n"
    assert (none.stdout, none.stderr, none.exit_code) == ("", told, 0)
    wrong = run("list", "--tag", "nigth")
    assert (wrong.exit_code, wrong.stdout) == (2, "")
    assert wrong.stderr.startswith("Error: There is no tag 'nigth'. Did you mean 'Night'? Known: ")


def test_create_from_a_blend(run: Run, store: ProfileStore) -> None:
    store.save(Profile.parse({"name": "ann", "facts": ["I am Ann."], "attributes": {"style": "plain:2"}}))
    store.save(Profile.parse({"name": "bob", "facts": ["I am Bob."], "attributes": {"style": "lyrical:1"}}))
    assert run("create", "mix", "--from", "ann:1,bob:3").exit_code == 0
    mix = store.load("mix")
    assert (mix.description, mix.facts) == ("A blend: 75% bob, 25% ann.", ("I am Bob.", "I am Ann."))
    assert mix.attributes["style"].aspects == pytest.approx({"lyrical": 0.6, "plain": 0.4})
    assert mix.attributes["style"].weight == pytest.approx(1.25)
    assert "I am Bob.\n  I am Ann.\n\nDigest  " in run("show", "ann:1,bob:3").stdout
    assert json.loads(run("show", "ann:1,bob:3", "--json").stdout)["path"] is None
    wrong = run("create", "mixed", "--from", "ann,bbo")
    assert wrong.stderr == "Error: There is no profile 'bbo'. Did you mean 'bob'? See: chatbot profile list\n"


def test_show_of_a_displayed_name_a_strength_and_a_lorebook(run: Run, store: ProfileStore) -> None:
    lorebook = [
        {"keys": ["moon", "night"], "secondary_keys": ["cat"], "content": "The moon\nis old."},
        {"keys": ["/a/i", "x+"], "use_regex": True, "enabled": False, "content": "y" * 200},
        {"constant": True, "content": "It rains."},
    ]
    bob = Profile.parse(
        {"name": "bob", "display_name": "Bob B.", "attributes": {"style": "plain:90%"}, "lorebook": lorebook}
        | {"arc": {"style": [[1, 0.25], [4.5, 0.9]]}}
    )
    path = store.save(bob)
    assert run("show", "bob").output == (
        "bob (yours)\n\n"
        "Called\n  Bob B.\n\n"
        "Attributes\n  style  plain  strength 90%\n\n"
        "Arc\n  style  turn 1: 0.25, turn 4.5: 0.9\n\n"
        "Lorebook\n"
        "  moon, night and cat -> The moon is old.\n"
        f"  off: /a/i, /x+/ -> {'y' * 80}…\n"
        "  always -> It rains.\n\n"
        f"File    {path}\nDigest  {bob.digest()}\n"
    )
