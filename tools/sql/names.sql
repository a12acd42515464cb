-- Names without case and accents, for search, comparison, and sorting. web/folding.py has the same functions and says why.

CREATE OR REPLACE FUNCTION folded(words text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN normalize(replace(replace(replace(replace(
    translate(
        regexp_replace(normalize(words, NFKD), '[\u0300-\u036f]', '', 'g'),
        'ABCDEFGHIJKLMNOPQRSTUVWXYZÐØðøĐđĦħıŁłŊŋŦŧƀƁƂƃƄƆƇƈƉƊƋƌƎƏƐƑƒƓƔƖƗƘƙƚƜƝƞƟƢƤƥƦƧƩƬƭƮƱƲƳƴƵƶƷƸƼǤǶǷȜȠȢȤȥȷȺȻ' ||
        'ȼȽȾɁɃɄɅɆɇɈɉɊɌɍɎɏɖͰͲͶͿΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩςϏϘϚϜϞϠϢϤϦϨϪϬϮϷϺϽϾϿЂЄЅІЈЉЊЋЏАБВГДЕЖЗИКЛМНОПРСТУФХЦЧШЩ' ||
        'ЪЫЬЭЮЯѠѢѤѦѨѪѬѮѰѲѴѸѺѼѾҀҊҌҎҐҒҔҖҘҚҜҞҠҢҤҦҨҪҬҮҰҲҴҶҸҺҼҾӀӃӅӇӉӋӍӔӘӠӨӶӺӼӾԀԂԄԆԈԊԌԎԐԒԔԖԘԚԜԞԠԢԤԦԨԪԬԮԱԲԳԴԵԶԷԸԹԺ' ||
        'ԻԼԽԾԿՀՁՂՃՄՅՆՇՈՉՊՋՌՍՎՏՐՑՒՓՔՕՖÆŒÞẞĸ',
        'abcdefghijklmnopqrstuvwxyzdododdhhillnnttbɓbbƅɔccdɗddǝəɛffɠɣɩɨkklɯɲnɵƣppʀƨʃttʈʊʋyyzzʒƹƽǥƕƿȝnȣzzjⱥc' ||
        'clⱦɂbʉʌeejjɋrryydͱͳͷϳαβγδεζηθικλμνξοπρστυφχψωσϗϙϛϝϟϡϣϥϧϩϫϭϯϸϻͻͼͽђєѕіјљњћџабвгдежзиклмнопрстуфхцчшщ' ||
        'ъыьэюяѡѣѥѧѩѫѭѯѱѳѵѹѻѽѿҁҋҍҏґғҕҗҙқҝҟҡңҥҧҩҫҭүұҳҵҷҹһҽҿӏӄӆӈӊӌӎӕәӡөӷӻӽӿԁԃԅԇԉԋԍԏԑԓԕԗԙԛԝԟԡԣԥԧԩԫԭԯաբգդեզէըթժ' ||
        'իլխծկհձղճմյնշոչպջռսվտրցւփքօֆæœþßk'
    ), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th'), NFC);

-- Return what names are sorted by. Its collation is "C" wherever it is sorted or stored: code point by code point.
-- 150 characters, because a row of an index has a size limit, and decomposition can make a name many times as long.
CREATE OR REPLACE FUNCTION sort_key(name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN left(
    regexp_replace(regexp_replace(folded(name), '([0-9]+)', '0000000000\1', 'g'), '0*([0-9]{10,})', '\1', 'g'), 150
) || E'\x01' || name;
