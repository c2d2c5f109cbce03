//! Code lists of the field, written once: what is not on them is refused by name.
//!
//! Sources: ISO 3166-1:2020 (alpha-2), ISCED-F 2013 (UNESCO Institute for Statistics), CEFR.

use crate::vocabulary::Cefr;

/// Officially assigned codes of countries.
const COUNTRIES: &str = "\
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT \
    BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH \
    ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT \
    HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS \
    LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI \
    NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG \
    SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG \
    UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

/// Broad, narrow and detailed fields of education and training.
const FIELDS: &str = "\
    00 000 0000 001 0011 002 0021 003 0031 009 0099 01 011 0110 0111 0112 0113 0114 0119 018 0188 02 020 \
    0200 021 0210 0211 0212 0213 0214 0215 0219 022 0220 0221 0222 0223 0229 023 0230 0231 0232 0239 028 \
    0288 029 0299 03 030 0300 031 0310 0311 0312 0313 0314 0319 032 0320 0321 0322 0329 038 0388 039 \
    0399 04 040 0400 041 0410 0411 0412 0413 0414 0415 0416 0417 0419 042 0421 048 0488 049 0499 05 050 \
    0500 051 0510 0511 0512 0519 052 0520 0521 0522 0529 053 0530 0531 0532 0533 0539 054 0540 0541 0542 \
    058 0588 059 0599 06 061 0610 0611 0612 0613 0619 068 0688 07 070 0700 071 0710 0711 0712 0713 0714 \
    0715 0716 0719 072 0720 0721 0722 0723 0724 0729 073 0730 0731 0732 078 0788 079 0799 08 080 0800 \
    081 0810 0811 0812 0819 082 0821 083 0831 084 0841 088 0888 089 0899 09 090 0900 091 0910 0911 0912 \
    0913 0914 0915 0916 0917 0919 092 0920 0921 0922 0923 0929 098 0988 099 0999 10 100 1000 101 1010 \
    1011 1012 1013 1014 1015 1019 102 1020 1021 1022 1029 103 1030 1031 1032 1039 104 1041 108 1088 109 \
    1099 99 999 9999";

/// Whether it is an assigned ISO 3166-1 alpha-2 code, in capitals.
pub fn is_country(code: &str) -> bool {
    is_listed(COUNTRIES, code)
}

/// Whether it is an ISCED-F 2013 code of two, three or four digits.
pub fn is_field(code: &str) -> bool {
    is_listed(FIELDS, code)
}

/// Whether it has the form of a BCP 47 language tag: a language, then subtags.
pub fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let primary = parts.next().unwrap_or_default();
    let subtag =
        |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (2..=3).contains(&primary.len())
        && primary.bytes().all(|byte| byte.is_ascii_lowercase())
        && parts.all(subtag)
}

/// Whether it is a language with a level of the Common European Framework, such as `en:B2`.
pub fn is_language_level(text: &str) -> bool {
    text.split_once(':').is_some_and(|(tag, level)| is_language(tag) && level.parse::<Cefr>().is_ok())
}

/// Whether it has the form of an Erasmus code, whatever its blanks.
pub fn is_erasmus_code(code: &str) -> bool {
    let key: Vec<char> = code.chars().filter(|letter| !letter.is_whitespace()).collect();
    let letters = key.iter().all(|letter| letter.is_alphanumeric() || *letter == '-');
    (4..=20).contains(&key.len()) && letters && key[0].is_alphabetic()
}

/// Whether it is an id of the Research Organization Registry: nine characters, the first a zero (ror.org, "ROR identifier
/// pattern").
pub fn is_ror_id(id: &str) -> bool {
    let fits = |(at, byte): (usize, u8)| match at {
        0 => byte == b'0',
        1..=6 => byte.is_ascii_digit() || (byte.is_ascii_lowercase() && !b"ilou".contains(&byte)),
        _ => byte.is_ascii_digit(),
    };
    id.len() == 9 && id.bytes().enumerate().all(fits)
}

/// Whether it is a SCHAC home organisation: a domain name in lower case.
pub fn is_schac(domain: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let part = |part: &str| {
        let whole = (1..=63).contains(&part.len()) && !part.starts_with('-') && !part.ends_with('-');
        whole && part.bytes().all(letter)
    };
    domain.len() <= 253 && domain.contains('.') && domain.split('.').all(part)
}

fn is_listed(list: &str, code: &str) -> bool {
    list.split(' ').any(|listed| listed == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listed_codes_are_known_and_others_are_not() {
        assert!(["TW", "DE", "GB"].into_iter().all(is_country));
        assert!(["UK", "de", "", "XX", "DE FR"].into_iter().all(|code| !is_country(code)));
        assert!(["00", "061", "0613", "1041"].into_iter().all(is_field));
        assert!(["11", "0614", "6", "", "061 0"].into_iter().all(|code| !is_field(code)));
    }

    #[test]
    fn a_language_may_have_a_level() {
        assert!(["en", "zh-Hant", "gsw"].into_iter().all(is_language));
        assert!(["", "chinese", "EN", "en-", "e"].into_iter().all(|tag| !is_language(tag)));
        assert!(is_language_level("en:B2") && !is_language_level("en") && !is_language_level("en:D1"));
    }

    #[test]
    fn the_lists_are_whole() {
        assert_eq!(COUNTRIES.split(' ').count(), 249);
        let of = |digits| FIELDS.split(' ').filter(|code| code.len() == digits).count();
        assert_eq!(of(2), 12, "eleven broad fields and unknown");
    }
}
