"""What is noticed in lines of a user, and what must not be: a table."""

from __future__ import annotations

import pytest

from chatbot.memory.noticing import denied, lost, noticed

TOLD: dict[str, tuple[str, ...]] = {
    # name
    "My name is Ada.": ("name: The user is called Ada.",),
    "my name is ada": ("name: The user is called Ada.",),
    "My name's Ada Lovelace": ("name: The user is called Ada Lovelace.",),
    "MY NAME IS ADA": ("name: The user is called Ada.",),
    "hi! my name is Tom, nice to meet you": ("name: The user is called Tom.",),
    "I'm Ada.": ("name: The user is called Ada.",),
    "I’m Ada": ("name: The user is called Ada.",),
    "hi i'm ada": ("name: The user is called Ada.",),
    "Call me Ishmael.": ("name: The user is called Ishmael.",),
    "You can call me Jo.": ("name: The user is called Jo.",),
    "People call me Max": ("name: The user is called Max.",),
    "I am called Zoë.": ("name: The user is called Zoë.",),
    "Actually, my name is Jean-Luc.": ("name: The user is called Jean-Luc.",),
    "How are you? I'm Sarah.": ("name: The user is called Sarah.",),
    "Hi, this is Ada.": ("name: The user is called Ada.",),
    "hi i'm peter": ("name: The user is called Peter.",),
    "I´m Ada. Iʼm 30.": ("name: The user is called Ada.", "age: The user is 30 years old."),
    "my birthday's in may": ("birthday: The user's birthday is in May.",),
    "im mark": ("name: The user is called Mark.",),
    "Hi, Eva here!": ("name: The user is called Eva.",),
    "My name isn't Tom, it's Tim.": ("name: The user is called Tim.",),
    "I go by Max": ("name: The user is called Max.",),
    # home
    "i live in la": ("home: The user lives in LA.",),
    "I live in Leeds.": ("home: The user lives in Leeds.",),
    "i live in leeds": ("home: The user lives in Leeds.",),
    "i live in new york": ("home: The user lives in New York.",),
    "I live in a small flat above a bakery.": ("home: The user lives in a small flat above a bakery.",),
    "I live in St. Albans :)": ("home: The user lives in St Albans.",),
    "I live in Leeds for now and it's great": ("home: The user lives in Leeds.",),
    "I live with my wife Anna in Leeds": ("household: The user lives with their wife Anna in Leeds.",),
    "I currently live in Berlin": ("home: The user lives in Berlin.",),
    "We just moved to Oslo": ("home: The user lives in Oslo.",),
    "I moved to Paris last year.": ("home: The user lives in Paris.",),
    "I'm living in Rome at the moment": ("home: The user lives in Rome.",),
    "I'm from Spain": ("origin: The user comes from Spain.",),
    "i am originally from poland": ("origin: The user comes from Poland.",),
    "I live alone": ("household: The user lives alone.",),
    "I live by myself.": ("household: The user lives alone.",),
    "We have a wife, a dog called Rex and three old hens.": (
        "family: The user has a wife.",
        "pet: The user has a dog called Rex.",
        "pet: The user has three old hens.",
    ),
    "I'm a UX designer from Berlin": (
        "work: The user is a UX designer.",
        "origin: The user comes from Berlin.",
    ),
    # whose name it is, and whom a pronoun means
    "I have a dog. His name is Rex.": (
        "pet: The user has a dog.",
        "pet: The user's dog is called Rex.",
    ),
    "i have a cat and her name is luna": (
        "pet: The user has a cat.",
        "pet: The user's cat is called Luna.",
    ),
    "We got a new puppy! He is brown. He's called Max.": (
        "pet: The user has a new puppy.",
        "pet: The user's puppy is called Max.",
    ),
    "my wife's name is Ann and she is a nurse": (
        "family: The user's wife is called Ann.",
        "family: The user's wife is a nurse.",
    ),
    "My wife Ann is a nurse": (
        "family: The user's wife is called Ann.",
        "family: The user's wife is a nurse.",
    ),
    "my sister Ann lives in Leeds": (
        "family: The user's sister is called Ann.",
        "family: The user's sister lives in Leeds.",
    ),
    "My dog Rex and I went out": ("pet: The user's dog is called Rex.",),
    "I have two kids. They are called Ann and Bob.": (
        "family: The user has two kids.",
        "family: The user's kids are called Ann and Bob.",
    ),
    "i have a dog hes called rex": ("pet: The user has a dog.", "pet: The user's dog is called Rex."),
    "I have a cat, she's so cute": ("pet: The user has a cat.",),
    "my wife's a nurse": ("family: The user's wife is a nurse.",),
    "Hi Victor, my names tom": ("name: The user is called Tom.",),
    "I have a cousin. Her husband is rich. He is a nurse": ("family: The user has a cousin.",),
    "I have a dog. He has a friend. Her name is Bo": ("pet: The user has a dog.",),
    "My gran is called Dot": ("family: The user's gran is called Dot.",),
    "My husband Mark plays chess": ("family: The user's husband is called Mark.",),
    "I have two cats, Mina and Fritz": ("pet: The user has two cats called Mina and Fritz.",),
    "I have a sister, Ann": ("family: The user has a sister called Ann.",),
    "My cats are Mina and Fritz.": ("pet: The user's cats are called Mina and Fritz.",),
    "I'm not a nurse any more, I'm a teacher": ("work: The user is a teacher.",),
    "I don't live in Leeds anymore but I live in York.": ("home: The user lives in York.",),
    # work and study
    "I work as a nurse.": ("work: The user is a nurse.",),
    "I'm a teacher": ("work: The user is a teacher.",),
    "i am an engineer": ("work: The user is an engineer.",),
    "Hello captain, I'm Ada.": ("name: The user is called Ada.",),
    "I am a bus driver": ("work: The user is a bus driver.",),
    "I work as a carpenter in Leeds.": ("work: The user is a carpenter in Leeds.",),
    "I live in Leeds with my dog Rex.": (
        "pet: The user's dog is called Rex.",
        "home: The user lives in Leeds.",
    ),
    "im jo from perth": ("name: The user is called Jo.", "origin: The user comes from Perth."),
    "I'm Ben, a carpenter": ("name: The user is called Ben.", "work: The user is a carpenter."),
    "my sister jane is coming on sunday": ("family: The user's sister is called Jane.",),
    "Hey! Name's Åsa": ("name: The user is called Åsa.",),
    "my name is o'neill-smith": ("name: The user is called O'Neill-Smith.",),
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
    "my brother's called Tom": ("family: The user's brother is called Tom.",),
    "I used to live in Paris, but now I live in Rome": ("home: The user lives in Rome.",),
    "My sister lives in Rome": ("family: The user's sister lives in Rome.",),
    "I have a son": ("family: The user has a son.",),
    "I've got two kids": ("family: The user has two kids.",),
    "I have an older sister called Eva.": ("family: The user has an older sister called Eva.",),
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
    "My favorite animals are dogs": ("like: The user's favourite animals are dogs.",),
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
    "i was born on march 3. my bday is march 3": ("birthday: The user's birthday is March 3.",),
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
    # with a question that is asked back
    "Hi, I'm Tom, what's your name?": ("name: The user is called Tom.",),
    "hi im tom whats your name": ("name: The user is called Tom.",),
    "I'm Tom, and you?": ("name: The user is called Tom.",),
    "Hi I'm Ada, tell me about yourself.": ("name: The user is called Ada.",),
    "I'm Tom, how are you, what do you do?": ("name: The user is called Tom.",),
    "I live in Leeds, where do you live?": ("home: The user lives in Leeds.",),
    "I like chess, do you?": ("like: The user likes chess.",),
    # a place with its country, or with an article
    "I'm from the UK": ("origin: The user comes from the UK.",),
    "i'm from the us": ("origin: The user comes from the US.",),
    "I'm from the Netherlands": ("origin: The user comes from the Netherlands.",),
    "I'm from London, England": ("origin: The user comes from London, England.",),
    "I live in Leeds, UK": ("home: The user lives in Leeds, UK.",),
    "i live in austin, texas": ("home: The user lives in Austin, Texas.",),
    "I live in Austin, TX": ("home: The user lives in Austin, TX.",),
    "I work in the US": ("workplace: The user works in the US.",),
    # when and why one moved
    "We moved to Spain two years ago.": ("home: The user lives in Spain.",),
    "I moved to New York City three weeks ago": ("home: The user lives in New York City.",),
    "We moved to the UK a few years ago": ("home: The user lives in the UK.",),
    "I moved to Berlin back in 2010": ("home: The user lives in Berlin.",),
    "I moved to London last month from Poland": ("home: The user lives in London.",),
    "I moved to Leeds in March with my wife": ("home: The user lives in Leeds.",),
    "I moved to Stratford upon Avon last week": ("home: The user lives in Stratford upon Avon.",),
    "We moved to Back Bay": ("home: The user lives in Back Bay.",),
    # ornaments and what was not meant
    "I live in Leeds xD": ("home: The user lives in Leeds.",),
    "My name is Ada 🌸": ("name: The user is called Ada.",),
    "I like pizza 🍕": ("like: The user likes pizza.",),
    "My birthday is 3 May 🎂": ("birthday: The user's birthday is 3 May.",),
    "My name is Tim, not Tom": ("name: The user is called Tim.",),
    # ages and days
    "My birthday is 3 May 1990": ("birthday: The user's birthday is 3 May 1990.",),
    "My birthday is May 3, 1990": ("birthday: The user's birthday is May 3, 1990.",),
    "I am 45 yrs old": ("age: The user is 45 years old.",),
    "I'm 25yo": ("age: The user is 25 years old.",),
    "I'm 25 y/o": ("age: The user is 25 years old.",),
    "I turned 30 today": ("age: The user is 30 years old.",),
    "I'm retired since last year": ("work: The user is retired.",),
    # workplaces on which one is, jobs with a usual word before them
    "I work on my dad's farm": ("workplace: The user works on their dad's farm.",),
    "I work on an oil rig": ("workplace: The user works on an oil rig.",),
    "I work on a fishing boat in Norway": ("workplace: The user works on a fishing boat in Norway.",),
    "I work in a garden centre": ("workplace: The user works in a garden centre.",),
    "I'm a freelance writer": ("work: The user is a freelance writer.",),
    "I'm a fast food worker": ("work: The user is a fast food worker.",),
    # what looks like health, "you" or standing, and is not
    "I love the Chronicles of Narnia": ("like: The user loves the Chronicles of Narnia.",),
    "I'm a mental health nurse": ("work: The user is a mental health nurse.",),
    "I love U2": ("like: The user loves U2.",),
    "I live near the U-Bahn station": ("home: The user lives near the U-Bahn station.",),
    "I can't stand rain": ("dislike: The user does not like rain.",),
    "I'm Ada\nI'm 30": ("name: The user is called Ada.", "age: The user is 30 years old."),
    # several in a row
    "I live in Leeds but work in York": (
        "home: The user lives in Leeds.",
        "workplace: The user works in York.",
    ),
    "I'm from Leeds but now live in York": (
        "origin: The user comes from Leeds.",
        "home: The user lives in York.",
    ),
    "I was a nurse but now I'm a teacher": ("work: The user is a teacher.",),
    "Now I live in York.": ("home: The user lives in York.",),
    "I listen to music and play the drums": ("hobby: The user plays the drums.",),
    "I'm 34 and live in Leeds": ("age: The user is 34 years old.", "home: The user lives in Leeds."),
    "I want to live and work in Rome": ("plan: The user wants to live and work in Rome.",),
}

NOT_TOLD = (
    "im far from perth",
    "I'm a writer from time to time",
    "I'm a driver from hell",
    "Hi, this is Ann, my sister",
    "This is Molly. You may touch her nose.",
    "I like the Reds and you're right",
    "I don't live and work in Leeds",
    "I live in Leeds no more",
    "My sister texted me, I live in Leeds now",
    # states, jokes, ways of speaking
    "I live in a constant state of panic",
    "I'm a singer in the shower",
    "I work at being nice",
    "I want to have a bath",
    "I plan to kill my boss",
    "Hi, I'm tired",
    "hello i'm hungry",
    "I'm a morning person",
    "I'm Irish",
    "I'm a Londoner",
    "We moved to the kitchen.",
    "I've moved to management",
    "I moved to a new job",
    "I live in the now",
    "I'm Batman",
    "It's Eva",
    "I go by bus",
    "I AM TIRED",
    "I'm fine, thanks",
    "i'm ada",
    "I'm dying of boredom",
    "I'm at home",
    "I'm 5 minutes away",
    "I'm 3",
    "I live in fear",
    "I'm a teacher at heart",
    "I work hard",
    "I study all night",
    "call me later",
    "Call me crazy",
    "This is fun",
    "My name is hard to spell",
    "hi i'm gay",
    "I live on coffee",
    "My birthday is tomorrow!",
    "My birthday is in two weeks",
    "I love Mondays. Not!",
    # negations
    "My name is not Ada",
    "I'm not Ada",
    "I don't have a dog",
    "I don't work as a nurse",
    "I like football but not cricket",
    "I no longer live in Rome",
    "I never liked chess",
    "I'm not married",
    # questions
    "What is my name?",
    "I live in Leeds?",
    "My dog is called Rex, right?",
    "do i like tea?",
    # quotes, hearsay, play, supposition
    '"I live in Leeds"',
    "He wrote: „Hi. I live in Leeds.“",
    "My sister texted ‘I’m here. I live in Leeds.’",
    'She said "my name is Ada".',
    "She said, I live in Rome",
    "He thinks I live in Leeds",
    "> I live in Leeds",
    "*my name is Ada*",
    "If I live in Leeds, I take the bus",
    "I wish I had a dog",
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
    "Ada lives in Leeds",
    "I love you",
    "I like it",
    "I like your poem",
    "I love this song",
    "I hate my life",
    "My favourite part is the end",
    # health
    "I have cancer",
    "I have a son with autism",
    "I am pregnant",
    "I want to stop my medication",
    "I'm working on my mental health",
    "I'm working on my recovery",
    "I live with my eating disorder",
    "I hate having arthritis",
    # work for a while, work no longer, work of a kind
    "I'm working on a novel",
    "I'm working on my car",
    "I'm working on a model train",
    "I'm working on my boat",
    "I work on a project about ships",
    "I work in my garden",
    "I'm working in the garden",
    "I'm a slow writer",
    "I'm a very careful driver",
    "I'm a retired bus driver",
    "I'm a wannabe poet",
    # another time
    "I turned 18 in 2010",
    "I'm 40 next month",
    "i'm 18 next week",
    "I'm 30 on Friday",
    "I'm retired next year",
    "I work at a bank tomorrow",
    "I live in Leeds next year",
    "I moved to Leeds in 2010 but left",
    "We moved to the kitchen two years ago",
    # the one who is spoken to, and the talk itself
    "i love u",
    "i love ur poems",
    "i love yall",
    "I love our chats",
    "I live in Leeds, Ada",
    "I'm from London, mate",
    "I'm from the city",
    # standing
    "I can't stand up",
    # questions about what was said, doubts, irony
    "Am I Tom?",
    "If I'm Tom, who are you?",
    "do you think I'm from London?",
    "I'm Tom, right?",
    "I live in Leeds, don't I?",
    "My name is Ada, what do you think?",
    "I'm Tom and who am I?",
    "I live in Leeds or where do you live?",
    "I love tea and you",
    "I love Mondays 🙄",
    "I HATE MONDAYS, NOT REALLY",
    "I have two kids who are your age",
    # nobody is meant, or somebody else
    "His name is Rex.",
    "She is a nurse.",
    "My brother Tom died",
    "my dog Rex is dead",
    "My cat Christmas is here",
    "MY DOG BITES",
    "My mum, Luckily, is fine",
    "My hen Party is next week",
    "I have a wife, Captain",
    "My cats are Siamese and Burmese",
    "My dog is called Rex, Ada",
    "I have some chicken",
    "My dad lives in fear",
    "my name is boring",
    "I feel like I'm not a wife any more, I'm a cook",
    "My girlfriend French is hard",
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


@pytest.mark.parametrize(
    ("before", "line", "told"),
    [
        (
            "I have two cats",
            "one is called Mina and the other is Fritz",
            "The user's cats are called Mina and Fritz.",
        ),
        ("My daughter's name is Ann.", "she lives in York", "The user's daughter lives in York."),
        ("we have a dog", "His name is Rex :)", "The user's dog is called Rex."),
        ("I have a dog. He is brown.", "his name is Rex", "The user's dog is called Rex."),
        ("we have a dog. Do you like dogs?", "his name is Rex", None),
        ("I have a dog. I met a man.", "his name is Rex", None),
        ("I have a sister", "his name is Tom", None),
        ("I have two cats", "she's called Mina", None),
        ("I have a cat", "its name is funny", None),
        ("I have a brother", "is he called Tom?", None),
        ("just kidding, I have a dog", "his name is Rex", None),
        ("I live in Leeds", "it is called Rex", None),
    ],
)
def test_a_pronoun_means_whom_the_message_before_ended_with(before: str, line: str, told: str | None) -> None:
    assert [fact.text for fact in noticed(line, before)] == ([told] if told else [])


def test_a_name_alone_answers_the_question_for_it() -> None:
    asked = "Hello. What is your name?"
    for line in ("it's Eva", "It’s Eva, and yours?", "eva"):
        assert noticed(line, to=asked) == noticed("My name is Eva.")
    for line in ("It's Monday", "No", "Eva?", "Leeds is cold"):
        assert noticed(line, to=asked) == ()
    assert noticed("It's Rex", to="What is your name? Do you have a dog?") == ()


@pytest.mark.parametrize(
    ("line", "gone"),
    [
        ("I'm not a nurse", "The user is a nurse."),
        ("I am no longer a nurse.", "The user is a nurse."),
        ("I'm not a nurse any more, I'm a teacher", "The user is a nurse."),
        ("well, I don't live in Leeds anymore", "The user lives in Leeds."),
        ("I don't live in Leeds with my dog Rex", "The user lives in Leeds."),
        ("my wife isn't a nurse.", "The user's wife is a nurse."),
        ("my sister no longer lives in York", "The user's sister lives in York."),
        ("We don't have a dog.", "The user has a dog."),
        ("I'm not Tom!", "The user is called Tom."),
        ("I don't think I live in Leeds", None),
        ("If I'm not a nurse, I am nothing", None),
        ("do you think I'm not a nurse?", None),
        ("I am not a nurse, just kidding", None),
        ('He said "I am not a nurse"', None),
        ("I live in Leeds", None),
        ("My wife Ann isn't a nurse", "The user's wife is a nurse."),
        ("I told you, I don't have a dog", "The user has a dog."),
        ("I don't just like cats", None),
        ("I'm not happily married", None),
        ("If they sack me, I'm no longer a nurse", None),
        ("Most days, I don't like tea", None),
        ("i dont live in leeds lol :)", "The user lives in Leeds."),
        ("She says I'm mean and I don't like dogs", None),
        ("I don't have a dog any more, he died", "The user has a dog."),
    ],
)
def test_what_is_no_longer_so_is_denied(line: str, gone: str | None) -> None:
    assert [fact.text for fact in denied(line)] == ([gone] if gone else [])


GONE = "My dog died|my little dog just died :(|We had to put our dog to sleep|I lost my dog to cancer"
STILL_THERE = "I lost my dog in the crowd|My dog is dead tired|My uncle's dog died|My dog died when I was ten"


def test_who_is_no_longer_there_is_lost() -> None:
    assert {lost(line) for line in GONE.split("|")} == {(("dog", ""),)}
    assert lost("I'm sad because our dog rex died") == (("dog", "rex"),)
    assert not any(lost(line) for line in STILL_THERE.split("|"))


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
    assert noticed("I'm Tom" + " who are you" * 32 + ", x") == ()
    assert noticed("I live in Leeds" + " since a now" * 30 + ", x") == ()
    assert noticed("I have " + "a cat and " * 39 + "x") == ()
    assert noticed("I have a dog " + "big " * 90 + "x", "I have a " + "big " * 90 + "dog") == ()
