"""What is noticed in lines of a user, and what must not be: a table."""

from __future__ import annotations

import pytest

from chatbot.noticing import noticed

TOLD: dict[str, tuple[str, ...]] = {
    # name
    "My name is Ada.": ("name: The user is called Ada.",),
    "my name is ada": ("name: The user is called Ada.",),
    "My name's Ada Lovelace": ("name: The user is called Ada Lovelace.",),
    "MY NAME IS ADA": ("name: The user is called Ada.",),
    "hi! my name is Tom, nice to meet you": ("name: The user is called Tom.",),
    "I'm Ada.": ("name: The user is called Ada.",),
    "I’m Ada": ("name: The user is called Ada.",),
    "Hello, I'm Ada!": ("name: The user is called Ada.",),
    "hi i'm ada": ("name: The user is called Ada.",),
    "hey there, i am tom": ("name: The user is called Tom.",),
    "Call me Ishmael.": ("name: The user is called Ishmael.",),
    "You can call me Jo.": ("name: The user is called Jo.",),
    "People call me Max": ("name: The user is called Max.",),
    "I am called Zoë.": ("name: The user is called Zoë.",),
    "Actually, my name is Jean-Luc.": ("name: The user is called Jean-Luc.",),
    "How are you? I'm Sarah.": ("name: The user is called Sarah.",),
    "Hi, this is Ada.": ("name: The user is called Ada.",),
    # home
    "I live in Leeds.": ("home: The user lives in Leeds.",),
    "i live in leeds": ("home: The user lives in Leeds.",),
    "i live in new york": ("home: The user lives in New York.",),
    "I live in a small flat above a bakery.": ("home: The user lives in a small flat above a bakery.",),
    "I live near the sea": ("home: The user lives near the sea.",),
    "I currently live in Berlin": ("home: The user lives in Berlin.",),
    "We just moved to Oslo": ("home: The user lives in Oslo.",),
    "I moved to Paris last year.": ("home: The user lives in Paris.",),
    "I'm living in Rome at the moment": ("home: The user lives in Rome.",),
    "I'm from Spain": ("origin: The user comes from Spain.",),
    "i am originally from poland": ("origin: The user comes from Poland.",),
    "I live alone": ("household: The user lives alone.",),
    "I live by myself.": ("household: The user lives alone.",),
    "I live with my brother": ("household: The user lives with their brother.",),
    # work and study
    "I work as a nurse.": ("work: The user is a nurse.",),
    "I'm a teacher": ("work: The user is a teacher.",),
    "i am an engineer": ("work: The user is an engineer.",),
    "I am a bus driver": ("work: The user is a bus driver.",),
    "I'm a nurse at a big hospital": ("work: The user is a nurse at a big hospital.",),
    "I am retired.": ("work: The user is retired.",),
    "I work in a bank": ("workplace: The user works in a bank.",),
    "I work at the zoo.": ("workplace: The user works at the zoo.",),
    "i work for the city council": ("workplace: The user works for the city council.",),
    "I study law.": ("study: The user studies law.",),
    "I'm studying physics at Leeds": ("study: The user studies physics at Leeds.",),
    "I'm a student": ("study: The user is a student.",),
    "I am a medical student": ("study: The user is a medical student.",),
    # family
    "My wife is called Maria.": ("family: The user's wife is called Maria.",),
    "my brother's name is Tom": ("family: The user's brother is called Tom.",),
    "My daughter is a doctor": ("family: The user's daughter is a doctor.",),
    "My sister lives in Rome": ("family: The user's sister lives in Rome.",),
    "I have a son": ("family: The user has a son.",),
    "I've got two kids": ("family: The user has two kids.",),
    "I have an older sister called Eva.": ("family: The user has an older sister called Eva.",),
    "We have three children": ("family: The user has three children.",),
    "I'm married": ("family: The user is married.",),
    "I am a single mother": ("family: The user is a single mother.",),
    # pets
    "My dog is called Rex.": ("pet: The user's dog is called Rex.",),
    "my cat's name is tiger": ("pet: The user's cat is called Tiger.",),
    "I have a dog": ("pet: The user has a dog.",),
    "I have a dog named Rex.": ("pet: The user has a dog called Rex.",),
    "We have two cats called Tom and Jerry": ("pet: The user has two cats called Tom and Jerry.",),
    "I just got a new puppy!": ("pet: The user has a new puppy.",),
    "I adopted a rescue dog": ("pet: The user has a rescue dog.",),
    # likes and dislikes
    "I like chess.": ("like: The user likes chess.",),
    "i love swimming": ("like: The user loves swimming.",),
    "I really enjoy old films": ("like: The user likes old films.",),
    "I like to swim": ("like: The user likes to swim.",),
    "My favourite colour is blue": ("like: The user's favourite colour is blue.",),
    "my favorite food is pizza": ("like: The user's favourite food is pizza.",),
    "I love pizza so much": ("like: The user loves pizza.",),
    "I don't like tea": ("dislike: The user does not like tea.",),
    "I hate Mondays": ("dislike: The user hates Mondays.",),
    "I can't stand loud music": ("dislike: The user does not like loud music.",),
    "I am vegetarian": ("food: The user is vegetarian.",),
    "I play the guitar": ("hobby: The user plays the guitar.",),
    "I collect stamps": ("hobby: The user collects stamps.",),
    "I speak French and German": ("language: The user speaks French and German.",),
    # age and birthday
    "I'm 30": ("age: The user is 30 years old.",),
    "I am 42 years old.": ("age: The user is 42 years old.",),
    "i am twenty-three years old": ("age: The user is 23 years old.",),
    "I just turned 30 yesterday": ("age: The user is 30 years old.",),
    "My birthday is on 3 May": ("birthday: The user's birthday is 3 May.",),
    "my birthday is in June": ("birthday: The user's birthday is in June.",),
    # plans
    "I'm going to Rome next week": ("plan: The user plans to go to Rome.",),
    "I'm moving to Canada in June": ("plan: The user plans to move to Canada.",),
    "I want to learn the piano": ("plan: The user wants to learn the piano.",),
    "I'm planning to visit my sister": ("plan: The user plans to visit their sister.",),
    "I'm getting married": ("plan: The user is getting married.",),
    # several at once, in the order told
    "Hi, I'm Ada and my dog is called Rex.": (
        "name: The user is called Ada.",
        "pet: The user's dog is called Rex.",
    ),
    "My name is Tom, I live in Leeds and I work as a nurse.": (
        "name: The user is called Tom.",
        "home: The user lives in Leeds.",
        "work: The user is a nurse.",
    ),
    "I live in Leeds and work as a nurse": ("home: The user lives in Leeds.", "work: The user is a nurse."),
    "I have a girlfriend called Sue": ("family: The user has a girlfriend called Sue.",),
    "I have a cat. I have a cat. What a day!": ("pet: The user has a cat.",),
    "It rains here. I like it. I like rain.": ("like: The user likes rain.",),
    "I'm Ada\nI'm 30": ("name: The user is called Ada.", "age: The user is 30 years old."),
}

NOT_TOLD = (
    # states, jokes, ways of speaking
    "i am so tired",
    "I'm tired",
    "Hi, I'm tired",
    "hello i'm hungry",
    "I am a mess",
    "I'm a bit lost",
    "I'm a morning person",
    "I'm Irish",
    "I'm Batman",
    "I'm OK",
    "I AM TIRED",
    "I'm fine, thanks",
    "I am done with this",
    "I'm sure",
    "i'm ada",
    "I'm dying of boredom",
    "I'm at home",
    "I'm on my way",
    "I'm 5 minutes away",
    "I am 50 percent sure",
    "I'm 3",
    "I live in fear",
    "I live in the past",
    "I live here",
    "I live for music",
    "I work hard",
    "I work at night",
    "I work in the mornings",
    "I study all night",
    "call me later",
    "Call me crazy",
    "This is fun",
    "My name is hard to spell",
    # negations
    "My name is not Ada",
    "I'm not Ada",
    "I don't have a dog",
    "I do not live in Leeds",
    "I don't work as a nurse",
    "I am not a teacher",
    "I have no children",
    "I no longer live in Rome",
    "I never liked chess",
    "I'm not married",
    # questions
    "What is my name?",
    "Is my name Ada?",
    "I live in Leeds?",
    "My dog is called Rex, right?",
    "Do you like chess?",
    "do i like tea?",
    # quotes, hearsay, play, supposition
    '"I live in Leeds"',
    'She said "my name is Ada".',
    "She said, I live in Rome",
    "He thinks I live in Leeds",
    "> I live in Leeds",
    "*my name is Ada*",
    "If I live in Leeds, I take the bus",
    "I wish I had a dog",
    "I would like tea",
    "I'd like a dog",
    "Maybe I like chess",
    "Imagine my name is Ada",
    "My name is Batman, just kidding",
    "Repeat after me. I live in Rome.",
    "Translate: my name is Ada",
    "In my book I am a doctor",
    "I used to live in Leeds",
    "I was a nurse",
    "I had a dog",
    # about somebody or something else
    "Your name is Ada",
    "Her dog is called Rex",
    "You live in Leeds",
    "Ada lives in Leeds",
    "I love you",
    "I like it",
    "I like your poem",
    "I love this song",
    "I hate everything",
    "I like how you talk",
    "I love being ignored",
    "I hate my life",
    "My favourite part is the end",
    # health
    "I have cancer",
    "I'm depressed",
    "I have a son with autism",
    "I am pregnant",
    "I want to stop my medication",
    # nothing at all
    "",
    "...",
    "ok",
    "I",
    "my",
    "I want to die",
    "I'm going to bed",
    "I want to talk",
    "I keep thinking",
    "I like women",
    "i am from work",
    "I'm going to sleep now",
    "I play it by ear",
    "I live at 12 Main Street 0161 496 0000",
    "Я живу в Лидсе",
)


@pytest.mark.parametrize("line", TOLD)
def test_what_is_told_is_noticed(line: str) -> None:
    assert tuple(f"{fact.kind}: {fact.text}" for fact in noticed(line)) == TOLD[line]


@pytest.mark.parametrize("line", NOT_TOLD)
def test_nothing_is_made_of_what_was_not_told(line: str) -> None:
    assert noticed(line) == ()


def test_the_table_is_as_large_as_it_should_be() -> None:
    assert len(TOLD) >= 80
    assert len(NOT_TOLD) >= 60


def test_a_pasted_text_takes_no_time_and_gives_nothing() -> None:
    assert noticed("I like " + "very " * 4_000 + "long lines") == ()
    assert noticed('"' * 20_000) == ()
    assert noticed("i am " * 4_000) == ()
