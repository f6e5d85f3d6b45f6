"""What noticing.py and naming.py know to tell "I'm Ada" from "I'm Irish", "I'm a nurse" from "I'm a mess"."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _any_of(text: str) -> str:
    """An expression that fits any of the phrases between the commas."""
    return "|".join(" ".join(text.split()).split(", "))


_SMALL = """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen twenty
"""
_TENS = ("thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
NUMBERS = {word: str(number) for number, word in enumerate(_SMALL.split())}
NUMBERS |= {word: str(10 * number) for number, word in enumerate(_TENS, 3)}

JOBS = _words(
    """
    accountant actor actress architect artist astronomer baker banker barber barista bartender biologist
    blacksmith bookkeeper bookseller builder butcher captain caretaker carpenter cashier chef chemist
    cleaner clerk coach comedian composer consultant cook courier dancer decorator dentist designer
    detective developer director doctor driver economist editor electrician engineer farmer firefighter
    fisherman florist gardener geologist guard hairdresser historian instructor janitor jeweller
    journalist judge lawyer lecturer librarian locksmith manager mathematician mechanic midwife miner
    musician novelist nurse optician painter paramedic pharmacist philosopher photographer physicist
    physiotherapist pilot plasterer plumber poet policeman policewoman politician postman potter priest
    producer professor programmer psychologist receptionist researcher sailor salesman saleswoman
    scientist sculptor secretary shepherd shopkeeper singer soldier surgeon surveyor tailor teacher
    technician translator tutor vet veterinarian waiter waitress welder writer
    """
)
NOT_JOBS = _words(  # what makes of a job something past, hoped for, done badly or done for fun
    """
    not fake former ex retired failed failing aspiring wannabe budding future struggling frustrated
    amateur hobby hobbyist bedroom bathroom shower good great excellent brilliant talented gifted fantastic
    decent ok okay mediocre average bad hard poor terrible awful lousy horrible hopeless useless clumsy messy
    lazy better best worse worst fast quick slow careful careless cautious safe reckless nervous anxious
    reluctant confident enthusiastic passionate keen avid born lifelong secret closet picky fussy
    """
)
JOB_HEADS = _words(  # ordinary only with a word before them: "a bus driver", "a data analyst"
    "analyst assistant agent keeper maker officer operator worker inspector trainer librarian"
)

RELATIVES = (
    r"wife|husband|partner|girlfriend|boyfriend|fianc[eé]e?|son|daughter|brother|sister|mother|mum|"
    r"mom|mam|father|"
    r"dad|grandmother|gran(?:ny|dma)?|nana?|grandfather|grandpa|grand?dad|stepdad|uncle|aunt|cousin|nephew|niece|"
    r"grandson|granddaughter|(?:twin|little|big|older|younger|elder) (?:brother|sister)|"
    r"(?:oldest|youngest|eldest) (?:son|daughter)|best friend|baby(?: (?:son|daughter))?"
)
PETS = (
    r"dog|puppy|cat|kitten|rabbit|bunny|hamster|guinea pig|parrot|budgie|canary|goldfish|fish|horse|"
    r"pony|tortoise|"
    r"turtle|snake|lizard|gecko|ferret|rat|mouse|hen|chicken|goat|sheep|cow|donkey|duck"
)

# What stands where a name could: "I'm Irish", "I'm Batman", "my name is hard".
NOT_NAMES = _words(
    """
    a about afraid again against alive all almost alone already also always american an and angry annoyed
    anxious anything arab as asian at australian austrian awake aware away awful back bad batman because
    belgian best better bit black blue bond bored born both brazilian british broke busy but calm canadian
    catholic chill chinese christmas cold cool crazy curious dad danish dead definitely depressed
    different doing done down dutch early easy english everything excited exhausted famous fed feeling
    female fine finally finished finnish first following for free french friday from full funny german
    getting glad god going gone good great greek gutted happy hard he heading her here him his home honest
    hungry hurt i ill important in indian innocent interested irish it italian japanese jealous jesus
    jewish just kind korean late later lazy legend less like literally live lonely long lost lucky mad
    male married maybe me mexican mine mom monday more muslim my myself near nervous new nice no nobody
    norwegian not nothing now off ok okay old on one only open or our out over pakistani perfect pleased
    polish poor portuguese pretty probably proud quite ready really relaxed rich right russian sad safe
    santa saturday scared scottish secret shy sick silly single sleepy so some somebody someone sore sorry
    spanish spiderman starving still strong stuck stupid sunday super superman sure surprised swedish
    swiss tall terrible thank thankful thanks that the their there they thinking thirsty this those
    thursday tired to today together tomorrow tonight too trying tuesday turkish unemployed unhappy unique
    unknown unsure up upset used usually vegan vegetarian very wasted weak wednesday weird welcome welsh
    well wet what when where who why with wondering working worried worse worthless wrong yes you young
    your yours
    amazing anon anonymous boring btw burmese chillin christ complicated dunno hangry horny hungover idk
    labrador labradors lmao lol nvm omg private siamese skint unimportant unusual wtf
    asexual bi bisexual blind czech deaf difficult ecstatic european gay impatient irrelevant latina
    latino lesbian nigerian nonbinary offline online queer straight trans ukrainian unwell
    afghan african agnostic albanian algerian amish anglican aquarius argentine argentinian armenian
    atheist athenian bangladeshi baptist basque bavarian berliner bolivian bosnian buddhist bulgarian
    cambodian cameroonian capricorn caribbean catalan chilean colombian communist conservative corsican
    croatian cuban cypriot democrat dominican dubliner ecuadorian egyptian emirati eritrean estonian
    ethiopian fijian filipina filipino flemish gemini georgian ghanaian glaswegian guatemalan haitian
    hawaiian hindu hispanic honduran hungarian icelandic indonesian iranian iraqi israeli ivorian jamaican
    jordanian kazakh kenyan kurdish kuwaiti laotian latvian lebanese liberal liberian libertarian libyan
    lithuanian londoner lutheran luxembourgish malaysian maltese maori marxist mauritian methodist
    moldovan mongolian mormon moroccan nepalese nepali nicaraguan orthodox palestinian panamanian
    paraguayan parisian persian peruvian pisces presbyterian protestant quaker republican romanian rwandan
    sagittarius saudi scandinavian scorpio senegalese serb serbian sicilian sikh singaporean slovak
    slovakian slovene slovenian socialist somali sudanese sunni syrian taiwanese tanzanian taurus texan
    thai tibetan tunisian ugandan uruguayan uzbek venezuelan vietnamese yemeni yorker zambian zimbabwean
    """
)
# Words that are names as well: "my husband Mark", "my cat, Ginger".
ALSO_NAMES = _words(
    """
    amber andy bill carol daisy frank ginger grace hope ivy james jasmine joy lily lucky mark may misty pat
    penny pepper peter poppy ray rob robin rocky rose ruby shadow smudge socks teddy tilly tony violet will
    willow
    """
)
# Names that are known in small letters too: "im jo", "im mark".
GIVEN = _words(
    """
    adam ahmed alex alice amanda andrea andrew angela anna anne bella ben bill bob brian carlos charlie
    chris claire daniel dave david emily emma eric eva fatima george grace hannah harry helen ivan jack jake
    james jane jason jenny jessica jim jo joe john jose josh julia julie karen kate kevin kim laura linda
    lisa lucy luke luna maria marie mark martin mary matt max megan michael mike mohammed nick nina oliver
    omar paul peter phil priya rachel rex richard rob robert rose ruby ryan sam sara sarah simon sophie
    steve susan tim tom tony yuki zoe
    """
)
# What cannot be the thing that is liked: "I like it", "I like your hat", "I love this song".
NOT_THINGS = _words(
    """
    anything being both each either everybody everyone everything he her hers him himself his how i if it
    its itself me mine my myself neither nobody none not nothing one ours ourselves same she so some
    somebody someone something such than that theirs them themselves these they this those what when where
    which who whom why us we you your yours yourself yourselves u ur urs ya yall y'all thee thy thou
    """
)

HEALTH = (
    r"ill|sick|illness(?:es)?|diseases?|cancer|tumou?rs?|diabet\w*|asthma\w*|allerg\w*|depress\w*|anxi\w*|adhd|autis\w*|"
    r"bipolar|schizo\w*|ptsd|trauma\w*|therap\w*|suicid\w*|self-harm|medication|medicine|pills?|"
    r"antidepressants?|"
    r"surgery|operation|diagnos\w*|disab\w*|wheelchair|pregnan\w*|miscarr\w*|abortion|hiv|aids|"
    r"epilep\w*|migraine\w*|"
    r"insomnia|dementia|alzheimer\w*|stroke|addict\w*|alcoholi\w*|drunk|drugs?|rehab|overweight|obese|"
    r"anorexi\w*|"
    r"bulimi\w*|died|dead|dying|killed|passed away|"
    r"(?:my|poor|bad|failing) (?:\w+ )?health|mental(?:ly)? (?:ill\w*|problems?|issues?)|"
    r"health (?:problem|issue|condition|scare)s?|chronic(?:ally)?|"
    r"(?:my|back|knee|neck|joint|nerve) pains?|painkillers?|"
    r"disorders?|syndromes?|symptoms?|ocd|bpd|panic attacks?|"
    r"(?:agora|claustro|arachno|acro|emeto)?phobi(?:as?|c)|"
    r"psychos[ie]s|psychotic|paranoi\w*|psychiatrists?|"
    r"see(?:ing)? (?:an?|my|the) (?:doctor|gp|specialist|psychologist|counsell?or|shrink)|"
    r"chemo\w*|radiotherapy|dialysis|transplants?|insulin|inhalers?|seizures?|hypertension|"
    r"heart (?:attack|condition|disease|failure|problem)s?|arthrit\w*|fibromyalg\w*|lupus|crohn\W?s|ibs|copd|"
    r"pcos|endometrio\w*|parkinson\W?s|sclerosis|tourette\W?s|dyslexi\w*|tinnitus|covid\w*|"
    r"infertil\w*|ivf|menopaus\w*|sober|sobriety|(?:my|in) recovery|recovering|relaps\w*|detox\w*|overdos\w*|"
    r"burn-?out"
)

MONTHS = (
    r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?"
)
_SEASONS = "spring|summer|autumn|winter"
TO_COME = rf"tomorrow|next (?:week|weekend|month|year|{_SEASONS}|{MONTHS}|\w+day)"
NOT_NOW = (
    rf"{TO_COME}|last (?:week|weekend|month|year|{_SEASONS}|{MONTHS}|\w+day)|"
    rf"in (?:(?:early|mid|late) )?(?:{MONTHS}|{_SEASONS}|\d{{4}})|"
    r"on (?:mon|tues|wednes|thurs|fri|satur|sun)day"
)
WHEN = (
    rf"{NOT_NOW}|this (?:week|month|year|{_SEASONS}|weekend)|now|right now|today|yesterday|tonight|"
    r"for (?:now|good)|since \w+(?: \w+)?|for \w+ years?(?: now)?"
)

# The larger place that is named behind a smaller one: "Leeds, England". Left out: who is spoken to by that
# name as well ("I live in Leeds, Georgia").
REGIONS = _any_of(
    """
    uk, united kingdom, great britain, britain, england, scotland, wales, northern ireland, ireland, us,
    usa, united states, united states of america, america, canada, mexico, australia, new zealand,
    albania, algeria, argentina, armenia, austria, bahamas, bangladesh, belarus, belgium, bolivia, bosnia,
    brazil, bulgaria, cambodia, cameroon, chile, china, colombia, congo, costa rica, croatia, cuba,
    cyprus, czech republic, czechia, denmark, dominican republic, ecuador, egypt, el salvador, estonia,
    ethiopia, fiji, finland, france, gambia, germany, ghana, greece, guatemala, haiti, honduras, hong
    kong, hungary, iceland, india, indonesia, iran, iraq, israel, italy, ivory coast, jamaica, japan,
    kazakhstan, kenya, kosovo, kuwait, latvia, lebanon, libya, lithuania, luxembourg, malawi, malaysia,
    maldives, malta, moldova, mongolia, montenegro, morocco, mozambique, myanmar, namibia, nepal,
    netherlands, nicaragua, nigeria, north macedonia, norway, pakistan, palestine, panama, paraguay, peru,
    philippines, poland, portugal, puerto rico, qatar, romania, russia, rwanda, saudi arabia, senegal,
    serbia, singapore, slovakia, slovenia, somalia, south africa, south korea, spain, sri lanka, sudan,
    sweden, switzerland, syria, taiwan, tanzania, thailand, tunisia, turkey, uae, uganda, ukraine, united
    arab emirates, uruguay, venezuela, vietnam, zambia, zimbabwe,
    alabama, alaska, arizona, arkansas, california, colorado, connecticut, delaware, florida, hawaii,
    idaho, illinois, indiana, iowa, kansas, kentucky, louisiana, maine, maryland, massachusetts, michigan,
    minnesota, mississippi, missouri, montana, nebraska, nevada, new hampshire, new jersey, new mexico,
    new york, north carolina, north dakota, ohio, oklahoma, oregon, pennsylvania, rhode island, south
    carolina, south dakota, tennessee, texas, utah, vermont, washington, west virginia, wisconsin,
    wyoming, alberta, british columbia, manitoba, new brunswick, nova scotia, ontario, quebec,
    saskatchewan, new south wales, queensland, tasmania, bavaria, catalonia, cornwall, essex,
    norfolk, suffolk, surrey, sussex, yorkshire
    """
) + (
    r"|(?-i:A[KLRZ]|C[AOT]|D[CE]|FL|GA|I[ADLN]|K[SY]|LA|M[ADINOST]|N[CDEHJMVY]|OR|PA|RI|S[CD]|T[NX]|UT|V[AT]|"
    r"W[AIVY])"
)
# The places that have an article.
THE_REGIONS = (
    r"the (?:uk|us|usa|uae|united (?:kingdom|states(?: of america)?|arab emirates)|netherlands|philippines|"
    r"bahamas|maldives|seychelles|gambia|congo|(?:czech|dominican) republic|ivory coast|caribbean|balkans|"
    r"middle east|midwest|midlands|highlands|lake district|west country|bronx|isle of (?:man|skye|wight))"
)

# Written with a capital wherever it stands, and nobody's name.
BIG = _words(
    """
    monday tuesday wednesday thursday friday saturday sunday january february march april may june july august
    september october november december christmas easter halloween ramadan hanukkah god gods lord heaven hell
    bible quran koran internet web google wikipedia youtube netflix spotify whatsapp tv ok okay pc dvd cd
    english french german spanish italian portuguese dutch swedish danish norwegian finnish polish russian
    greek turkish arabic hebrew hindi chinese mandarin japanese korean latin irish scottish welsh british
    american canadian australian mexican brazilian indian african european asian swiss austrian belgian
    czech hungarian
    ukrainian roman romans celtic victorian christian christians muslim muslims jewish jew jews hindu buddhist
    catholic protestant earth moon sun mars venus i'm i'll i've i'd
    """
)
# What stands before a name and says nothing of whose it is.
TITLES = _words(
    """
    mr mrs ms miss dr prof professor doctor sir madam lady lord king queen prince princess captain officer
    detective sergeant general uncle aunt auntie mum mom mummy dad daddy mother father grandma grandpa granny
    grandmother grandfather saint st sister brother father father's nurse president
    """
)

# What often begins a sentence and is rare inside one.
OPENERS = _words(
    """
    aah ah aha ahoy alas amen anytime argh aw awesome aww aye bah boo bravo brilliant certainly cheers
    congrats congratulations consequently curiously damn darn eek eh er erm exactly farewell fascinating
    fortunately furthermore ha haha hahaha hallo heh hehe hence hey hm hmm hmmm honestly hooray hopefully
    hurray incidentally indeed interestingly ironically likewise lol meh mmh moreover nah naturally
    nevertheless nonetheless nope obviously oh omg ooh oops ouch ow personally pff phew please precisely
    presumably psst recently regardless remarkably seriously sh shh shhh splendid strangely sure
    technically terribly thereafter therefore thus til truly ugh uh um unfortunately whichever whoa
    wonderful woohoo wow wtf ya yay yeah yep yes yikes yo yup
    """
)
