//! What came back → reports of delivery (RFC 3464): which notice, for whom, and what became of it.
//!
//! The bytes are a stranger's. Nothing in them is believed but the id of a notice, and that only where the notice went to the
//! recipient it names; whatever else arrives is unknown, and somebody may read it.

use mailparse::{MailHeader, MailHeaderMap, ParsedMail};
use sojourn_engine::ids::NoticeId;

use super::cleanse;
use crate::app::bounces::{Fate, Report};

/// Bytes that are read of one message; a report with the mail it returns is far shorter.
pub const MOST: usize = 512 * 1024;
/// Parts within parts that are still read.
const NESTED: usize = 16;
/// Recipients read of one report; our mails have one.
const RECIPIENTS: usize = 10;

/// Why a message is no report of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unknown {
    /// It cannot be read at all.
    #[error("it is no mail")]
    NoMail,
    /// It has no part that a machine could read.
    #[error("it holds no report of delivery")]
    NoReport,
    /// It does not say which mail it is about.
    #[error("it names no mail of ours")]
    NoNotice,
}

/// The reports in a message, one for each recipient.
///
/// # Errors
/// [`Unknown`], for everything that is no report about a mail of this service.
pub fn read(bytes: &[u8]) -> Result<Vec<Report>, Unknown> {
    let bytes = bytes.get(..MOST).unwrap_or(bytes);
    // The parser goes down into each part, so that a message of nothing but parts would end the stack.
    if count(bytes, b"multipart/") > NESTED {
        return Err(Unknown::NoReport);
    }
    let mail = mailparse::parse_mail(bytes).map_err(|_| Unknown::NoMail)?;
    let part = |kinds: &[&str]| {
        let of_kind = |part: &&ParsedMail<'_>| kinds.contains(&part.ctype.mimetype.as_str());
        mail.parts().find(of_kind).and_then(|part| part.get_body_raw().ok())
    };
    let status = part(&["message/delivery-status", "message/global-delivery-status"]);
    let status = String::from_utf8_lossy(&status.ok_or(Unknown::NoReport)?).replace("\r\n", "\n");
    let returned =
        part(&["message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"]);
    let returned = returned.unwrap_or_default();
    let (headers, _) = mailparse::parse_headers(&returned).unwrap_or_default();
    let notice = notice(&headers).or_else(|| notice(&mail.headers)).ok_or(Unknown::NoNotice)?;
    let to = headers.get_first_value("To").and_then(|to| mailparse::addrparse(&to).ok());
    let to: Vec<String> = to
        .and_then(mailparse::MailAddrList::extract_single_info)
        .map(|one| one.addr.to_lowercase())
        .into_iter()
        .collect();
    let reports: Vec<Report> = status
        .split("\n\n")
        .filter_map(|block| recipient(block.trim_start(), notice, &to))
        .take(RECIPIENTS)
        .collect();
    if reports.is_empty() { Err(Unknown::NoReport) } else { Ok(reports) }
}

fn count(bytes: &[u8], word: &[u8]) -> usize {
    bytes.windows(word.len()).filter(|window| window.eq_ignore_ascii_case(word)).count()
}

/// The notice whose mail it is: by our own header, else by the id of the message.
fn notice(headers: &[MailHeader<'_>]) -> Option<NoticeId> {
    let own = headers.get_first_value("X-Notification-Id");
    let ids = ["Message-ID", "In-Reply-To", "References"]
        .into_iter()
        .filter_map(|name| headers.get_first_value(name));
    let local = |id: String| Some(id.trim().strip_prefix('<')?.split('@').next()?.to_owned());
    own.into_iter().map(|id| id.trim().to_owned()).chain(ids.filter_map(local)).find_map(|id| id.parse().ok())
}

/// What one block says about one recipient; `None` for the block about the whole message.
fn recipient(block: &str, notice: NoticeId, to: &[String]) -> Option<Report> {
    let (fields, _) = mailparse::parse_headers(block.as_bytes()).ok()?;
    let field = |name: &str| fields.get_first_value(name);
    // `rfc822; anna@example.org`
    let address = |value: String| {
        let (_, address) = value.split_once(';').unwrap_or(("", &value));
        address.trim().trim_matches(['<', '>']).to_lowercase()
    };
    let fate = match field("Action")?.trim().to_lowercase().as_str() {
        "failed" => Fate::Failed,
        "delayed" => Fate::Delayed,
        "delivered" | "relayed" | "expanded" => Fate::Arrived,
        _ => return None,
    };
    let named = ["Original-Recipient", "Final-Recipient"].into_iter().filter_map(field).map(address);
    let addresses: Vec<String> = named.chain(to.iter().cloned()).collect();
    let status = field("Status").unwrap_or_default();
    let status: String =
        status.chars().filter(|letter| letter.is_ascii_digit() || *letter == '.').take(11).collect();
    let said = field("Diagnostic-Code").unwrap_or_default();
    let said = said.split_once(';').map_or(said.as_str(), |(_, words)| words);
    let words = cleanse::line(&format!("{status} {said}"));
    Some(Report { notice, addresses, fate, status, words })
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    const ID: &str = "019a7c3e-5b1f-7a20-8c44-1d2e3f405162";

    fn report(status: &str, returned: &str) -> String {
        format!(
            "From: MAILER-DAEMON@mx.example\r\nTo: sojourn@alliance.example\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n--b\r\n\r\nSorry.\r\n--b\r\n\
             Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n{status}\r\n--b\r\n{returned}\r\n--b--\r\n"
        )
    }

    fn returned() -> String {
        format!(
            "Content-Type: text/rfc822-headers\r\n\r\nTo: Kim <kim@north.example>\r\nMessage-ID: <{ID}@alliance.example>\r\n"
        )
    }

    const FAILED: &str = "Final-Recipient: rfc822; Kim@North.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\
                          Diagnostic-Code: smtp; 550 5.1.1 <kim@north.example>:\r\n    no such user\r\n";

    #[test]
    fn a_report_says_which_notice_for_whom_and_what_became_of_it() {
        let reports = read(report(FAILED, &returned()).as_bytes()).unwrap();
        let [one] = &reports[..] else { panic!("{reports:?}") };
        assert_eq!(
            (one.notice.to_string().as_str(), one.fate, one.status.as_str()),
            (ID, Fate::Failed, "5.1.1")
        );
        assert!(one.addresses.contains(&"kim@north.example".to_owned()), "{one:?}");
        assert_eq!(one.words, "5.1.1 550 5.1.1 <kim@north.example>: no such user");
    }

    #[test]
    fn a_delay_and_an_arrival_are_no_failure() {
        for (action, fate) in
            [("delayed", Fate::Delayed), ("relayed", Fate::Arrived), ("EXPANDED", Fate::Arrived)]
        {
            let status = FAILED.replace("failed", action);
            assert_eq!(read(report(&status, &returned()).as_bytes()).unwrap()[0].fate, fate, "{action}");
        }
    }

    #[test]
    fn our_own_header_comes_before_the_id_of_the_message() {
        let other = returned().replace(ID, "019a7c3e-0000-7a20-8c44-1d2e3f405162");
        let whole = other.replace("To: Kim", &format!("X-Notification-Id: {ID}\r\nTo: Kim"));
        assert_eq!(read(report(FAILED, &whole).as_bytes()).unwrap()[0].notice.to_string(), ID);
    }

    #[test]
    fn what_is_no_report_of_ours_is_unknown() {
        let (nobody, plain) =
            (returned().replace(ID, "abc"), "Subject: I am away\r\n\r\nBack on Monday.\r\n");
        assert_eq!(read(report(FAILED, &nobody).as_bytes()), Err(Unknown::NoNotice));
        assert_eq!(read(plain.as_bytes()), Err(Unknown::NoReport));
        assert_eq!(read(b""), Err(Unknown::NoReport));
        assert_eq!(read(report("", &returned()).as_bytes()), Err(Unknown::NoReport));
    }

    #[test]
    fn hostile_messages_neither_end_the_stack_nor_hold_a_word_that_acts() {
        let mut deep = String::new();
        for depth in 0..20_000 {
            write!(deep, "Content-Type: multipart/mixed; boundary=b{depth}\r\n\r\n--b{depth}\r\n").unwrap();
        }
        assert_eq!(read(deep.as_bytes()), Err(Unknown::NoReport));
        assert_eq!(read(&vec![b'a'; 3 * MOST]), Err(Unknown::NoReport));
        let odd =
            report(FAILED, &returned()).replace("no such user", "no\u{202e} such\0 <script>\u{2028}user");
        let words = read(odd.as_bytes()).unwrap()[0].words.clone();
        assert!(!words.contains(['\u{202e}', '\0', '\u{2028}']), "{words:?}");
        let binary: Vec<u8> =
            report(FAILED, &returned()).bytes().map(|byte| if byte == b'S' { 0xff } else { byte }).collect();
        assert!(read(&binary).is_ok_and(|reports| reports[0].fate == Fate::Failed));
    }
}
