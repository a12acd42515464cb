"""Names without case and accents, for search, comparison, and sorting: `Naïve` equals `naive`, and 9 precedes 10.

The database has the same functions (tools/sql/names.sql), and a test compares them. Both use their own tables, so the
result does not depend on the locale of a server or on the version of a library. Nothing folded is ever shown.
"""

import re
import unicodedata

_MARKS = re.compile("[\u0300-\u036f]")  # the accents that decomposition splits off
# Capital letters, and letters with a stroke, which Unicode does not decompose.
_LETTERS = str.maketrans(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÐØðøĐđĦħıŁłŊŋŦŧƀƁƂƃƄƆƇƈƉƊƋƌƎƏƐƑƒƓƔƖƗƘƙƚƜƝƞƟƢƤƥƦƧƩƬƭƮƱƲƳƴƵƶƷƸƼǤǶǷȜȠȢȤȥȷȺȻ"
    "ȼȽȾɁɃɄɅɆɇɈɉɊɌɍɎɏɖͰͲͶͿΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩςϏϘϚϜϞϠϢϤϦϨϪϬϮϷϺϽϾϿЂЄЅІЈЉЊЋЏАБВГДЕЖЗИКЛМНОПРСТУФХЦЧШЩ"
    "ЪЫЬЭЮЯѠѢѤѦѨѪѬѮѰѲѴѸѺѼѾҀҊҌҎҐҒҔҖҘҚҜҞҠҢҤҦҨҪҬҮҰҲҴҶҸҺҼҾӀӃӅӇӉӋӍӔӘӠӨӶӺӼӾԀԂԄԆԈԊԌԎԐԒԔԖԘԚԜԞԠԢԤԦԨԪԬԮԱԲԳԴԵԶԷԸԹԺ"
    "ԻԼԽԾԿՀՁՂՃՄՅՆՇՈՉՊՋՌՍՎՏՐՑՒՓՔՕՖÆŒÞẞĸ",
    "abcdefghijklmnopqrstuvwxyzdododdhhillnnttbɓbbƅɔccdɗddǝəɛffɠɣɩɨkklɯɲnɵƣppʀƨʃttʈʊʋyyzzʒƹƽǥƕƿȝnȣzzjⱥc"
    "clⱦɂbʉʌeejjɋrryydͱͳͷϳαβγδεζηθικλμνξοπρστυφχψωσϗϙϛϝϟϡϣϥϧϩϫϭϯϸϻͻͼͽђєѕіјљњћџабвгдежзиклмнопрстуфхцчшщ"
    "ъыьэюяѡѣѥѧѩѫѭѯѱѳѵѹѻѽѿҁҋҍҏґғҕҗҙқҝҟҡңҥҧҩҫҭүұҳҵҷҹһҽҿӏӄӆӈӊӌӎӕәӡөӷӻӽӿԁԃԅԇԉԋԍԏԑԓԕԗԙԛԝԟԡԣԥԧԩԫԭԯաբգդեզէըթժ"
    "իլխծկհձղճմյնշոչպջռսվտրցւփքօֆæœþßk",
)
_PAIRS = {"ß": "ss", "æ": "ae", "œ": "oe", "þ": "th"}
# Scripts that do not separate words by blanks: each character is searched as a word. Korean is one of them, because its
# words carry their particles.
UNSPACED = (
    "\u2e80-\u2fff\u3040-\u318f\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)


def fold(text: str) -> str:
    """Return a text without case and accents, and with ligatures, fullwidth letters, and the like as plain letters."""
    bare = _MARKS.sub("", unicodedata.normalize("NFKD", text)).translate(_LETTERS)
    for letter, pair in _PAIRS.items():
        bare = bare.replace(letter, pair)
    return unicodedata.normalize("NFC", bare)


def sort_key(name: str) -> str:
    """Return what names are sorted by, compared code point by code point.

    Case and accents do not matter, and runs of up to ten digits compare as numbers. Names that are equal in that, up to
    150 characters, are told apart by their own code points.
    """
    key = re.sub("[0-9]+", lambda digits: digits[0].lstrip("0").rjust(10, "0"), fold(name))
    return f"{key[:150]}\x01{name}"
