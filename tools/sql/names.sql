-- Names without case and accents, for search, comparison, and sorting. web/folding.py has the same functions, and
-- docs/decisions/0018-folding-names.md says why.

-- Replace capital letters and letters with a stroke, which Unicode does not decompose. `translate` looks each character
-- up in the whole list, so `folded` calls this only for texts that have such letters.
CREATE OR REPLACE FUNCTION plain_letters(letters text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN replace(replace(replace(replace(
    translate(
        letters,
        'ÐØðøĐđĦħıŁłŊŋŦŧƀƁƂƃƄƆƇƈƉƊƋƌƎƏƐƑƒƓƔƖƗƘƙƚƜƝƞƟƢƤƥƦƧƩƬƭƮƱƲƳƴƵƶƷƸƼǤǶǷȜȠȢȤȥȷȺȻ' ||
        'ȼȽȾɁɃɄɅɆɇɈɉɊɌɍɎɏɖͰͲͶͿΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩςϏϘϚϜϞϠϢϤϦϨϪϬϮϷϺϽϾϿЂЄЅІЈЉЊЋЏАБВГДЕЖЗИКЛМНОПРСТУФХЦЧШЩ' ||
        'ЪЫЬЭЮЯѠѢѤѦѨѪѬѮѰѲѴѸѺѼѾҀҊҌҎҐҒҔҖҘҚҜҞҠҢҤҦҨҪҬҮҰҲҴҶҸҺҼҾӀӃӅӇӉӋӍӔӘӠӨӶӺӼӾԀԂԄԆԈԊԌԎԐԒԔԖԘԚԜԞԠԢԤԦԨԪԬԮԱԲԳԴԵԶԷԸԹԺ' ||
        'ԻԼԽԾԿՀՁՂՃՄՅՆՇՈՉՊՋՌՍՎՏՐՑՒՓՔՕՖÆŒÞẞĸ',
        'dododdhhillnnttbɓbbƅɔccdɗddǝəɛffɠɣɩɨkklɯɲnɵƣppʀƨʃttʈʊʋyyzzʒƹƽǥƕƿȝnȣzzjⱥc' ||
        'clⱦɂbʉʌeejjɋrryydͱͳͷϳαβγδεζηθικλμνξοπρστυφχψωσϗϙϛϝϟϡϣϥϧϩϫϭϯϸϻͻͼͽђєѕіјљњћџабвгдежзиклмнопрстуфхцчшщ' ||
        'ъыьэюяѡѣѥѧѩѫѭѯѱѳѵѹѻѽѿҁҋҍҏґғҕҗҙқҝҟҡңҥҧҩҫҭүұҳҵҷҹһҽҿӏӄӆӈӊӌӎӕәӡөӷӻӽӿԁԃԅԇԉԋԍԏԑԓԕԗԙԛԝԟԡԣԥԧԩԫԭԯաբգդեզէըթժ' ||
        'իլխծկհձղճմյնշոչպջռսվտրցւփքօֆæœþßk'
    ), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th');

CREATE OR REPLACE FUNCTION without_marks(words text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN lower(regexp_replace(normalize(words, NFKD), '[\u0300-\u036f]', '', 'g') COLLATE "C");

-- Text of as many bytes as characters is ASCII, as most English is, and needs none of this.
CREATE OR REPLACE FUNCTION folded(words text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN octet_length(words) = char_length(words) THEN lower(words COLLATE "C")
    WHEN without_marks(words) ~ '[\u00c6-\u0556\u1e9e]' THEN normalize(plain_letters(without_marks(words)), NFC)
    ELSE normalize(without_marks(words), NFC)
END;

-- Return what names are sorted by. Its collation is "C" wherever it is sorted or stored: code point by code point.
-- 150 characters, because a row of an index has a size limit, and decomposition can make a name many times as long.
CREATE OR REPLACE FUNCTION sort_key(name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN left(
    regexp_replace(regexp_replace(folded(name), '([0-9]+)', '0000000000\1', 'g'), '0*([0-9]{10,})', '\1', 'g'), 150
) || E'\x01' || name;
