//! The conversation with one SMTP server, over connections that are kept and used again.
//!
//! Each stage has its own patience (RFC 5321 §4.5.3.2), and it is known whether the message may already have been taken: before that,
//! a kept connection that has gone stale is replaced at once; after it, only the outbox decides to try again.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use std::{fmt, io};

use lettre::Address;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail as MailFrom, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use lettre::transport::smtp::{Error, SMTP_PORT, SUBMISSION_PORT, SUBMISSIONS_PORT};
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpStream;
use url::{Host, Url};

use super::cleanse;
use super::render::Mail;
use super::transport::{Failure, Still};
use crate::app::bounces::is_about_the_mailbox;

/// Patience with the greeting, TLS and log-in together.
const OPENING: Duration = Duration::from_mins(1);
/// Patience with one command.
const COMMAND: Duration = Duration::from_mins(2);
/// Patience with the message and the answer to its last dot: a server that is given up too early delivers twice.
const MESSAGE: Duration = Duration::from_mins(11);
/// Patience with a farewell.
const FAREWELL: Duration = Duration::from_secs(2);
/// "Service not available, closing transmission channel": says nothing about the recipient.
const CLOSING: &str = "421";

/// An SMTP server.
pub struct Smtp {
    host: String,
    port: u16,
    security: Security,
    login: Option<Credentials>,
    hello: ClientId,
    /// Connections kept open at most.
    most: usize,
    idle: Mutex<Vec<AsyncSmtpConnection>>,
}

/// How the line is kept private.
#[derive(Clone)]
enum Security {
    /// From the first byte.
    Tls(TlsParameters),
    /// After STARTTLS, which the server must offer.
    StartTls(TlsParameters),
    /// Not at all.
    Plain,
}

/// What is wrong with the address of the server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// It is no URL of that kind.
    #[error(
        "the address of the SMTP server is not usable ({0}): write smtps://user:password@host, smtp://host for STARTTLS, or smtp://host?tls=none"
    )]
    Shape(String),
    /// A password would be sent in the open.
    #[error(
        "the password for the SMTP server would cross the network in the open: drop `?tls=none`, or name a server on this machine"
    )]
    OpenPassword,
    /// The certificate of the authority cannot be used.
    #[error("it holds no certificate of an authority in PEM: {0}")]
    Authority(String),
}

/// Where a conversation ended.
enum Fault {
    /// The server answered with a code of failure; the connection is still usable.
    Answered { code: String, words: String },
    /// The line broke or went silent before the message was handed over.
    Broken(String),
    /// The same after it: the server may have taken it.
    Unclear(String),
    /// This server cannot take such a message.
    Impossible(String),
    /// The server knows no such mailbox; the connection is still usable.
    NoMailbox(String),
    /// It was not to be sent any more.
    Withdrawn,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Smtp({}:{}, {} connections at most)", self.host, self.port, self.most)
    }
}

impl Smtp {
    /// The server at `url`; `host` is what this machine calls itself, `most` how many connections are kept.
    ///
    /// `smtps://` speaks TLS at once (port 465), `smtp://` demands STARTTLS (587), `smtp://…?tls=none` stays plain (25).
    ///
    /// # Errors
    /// A [`UrlError`] that names the mend; nothing is connected yet.
    pub fn open(url: &SecretString, host: &str, most: usize) -> Result<Self, UrlError> {
        Self::trusting(url, host, most, None)
    }

    /// The same, where certificates signed by the authority whose own is `authority` (PEM) are good too.
    ///
    /// # Errors
    /// Also [`UrlError::Authority`].
    pub fn trusting(
        url: &SecretString,
        host: &str,
        most: usize,
        authority: Option<&[u8]>,
    ) -> Result<Self, UrlError> {
        let authority = authority.map(Certificate::from_pem).transpose();
        let authority = authority.map_err(|fault| UrlError::Authority(words(&fault)))?;
        let url = Url::parse(url.expose_secret()).map_err(|fault| UrlError::Shape(fault.to_string()))?;
        let server = url.host().ok_or_else(|| UrlError::Shape("it names no host".to_owned()))?;
        let name = match &server {
            Host::Domain(name) => (*name).to_owned(),
            Host::Ipv4(ip) => ip.to_string(),
            Host::Ipv6(ip) => ip.to_string(),
        };
        let (security, port) = security(&url, &name, authority.as_ref())?;
        let login = login(&url)?;
        let here = match server {
            Host::Domain(name) => name == "localhost",
            Host::Ipv4(ip) => ip.is_loopback(),
            Host::Ipv6(ip) => ip.is_loopback(),
        };
        if login.is_some() && matches!(security, Security::Plain) && !here {
            return Err(UrlError::OpenPassword);
        }
        Ok(Self {
            host: name,
            port: url.port().unwrap_or(port),
            security,
            login,
            hello: ClientId::Domain(host.to_owned()),
            most,
            idle: Mutex::new(Vec::new()),
        })
    }

    /// Connections used at the same time.
    pub const fn most(&self) -> usize {
        self.most
    }

    pub(super) async fn send(&self, mail: &Mail, still: Still<'_>) -> Result<(), Failure> {
        while let Some(kept) = self.take() {
            match self.converse(kept, mail, still).await {
                // Gone stale while it was kept: nothing was handed over.
                Err(Fault::Broken(_)) => {}
                Err(Fault::Answered { code, .. }) if code == CLOSING => {}
                ended => return ended.map_err(Failure::from),
            }
        }
        let fresh = self.connect().await?;
        self.converse(fresh, mail, still).await.map_err(Failure::from)
    }

    pub(super) async fn close(&self) {
        while let Some(mut connection) = self.take() {
            // The server may be gone already; leaving without a word is allowed.
            let _ = tokio::time::timeout(FAREWELL, connection.quit()).await;
        }
    }

    fn take(&self) -> Option<AsyncSmtpConnection> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn keep(&self, connection: AsyncSmtpConnection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < self.most {
            idle.push(connection);
        }
    }

    /// A fresh connection; whatever goes wrong here says nothing about any recipient, so it always means later.
    async fn connect(&self) -> Result<AsyncSmtpConnection, Failure> {
        let server = format!("{}:{}", self.host, self.port);
        match tokio::time::timeout(OPENING, self.open_connection()).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(said)) => Err(Failure::Later(format!("{server}: {said}"))),
            Err(_) => Err(Failure::Later(format!("{server} did not answer within {} s", OPENING.as_secs()))),
        }
    }

    /// The connection, or what the server or the line said.
    async fn open_connection(&self) -> Result<AsyncSmtpConnection, String> {
        let server = (self.host.as_str(), self.port);
        let mut connection = match &self.security {
            Security::Tls(parameters) => {
                let wrapped = Some(parameters.clone());
                AsyncSmtpConnection::connect_tokio1(server, Some(OPENING), &self.hello, wrapped, None).await
            }
            Security::StartTls(_) | Security::Plain => {
                let broken = |error: io::Error| cleanse::line(&error.to_string());
                let line = TcpStream::connect(server).await.map_err(broken)?;
                // The last dot is a packet of its own, which would wait 40 ms for the message before it to be confirmed.
                line.set_nodelay(true).map_err(broken)?;
                AsyncSmtpConnection::connect_with_transport(Box::new(line), &self.hello).await
            }
        }
        .map_err(|error| words(&error))?;
        if let Security::StartTls(parameters) = &self.security {
            connection.starttls(parameters.clone(), &self.hello).await.map_err(|error| words(&error))?;
        }
        if let Some(login) = &self.login {
            connection.auth(DEFAULT_MECHANISMS, login).await.map_err(|error| words(&error))?;
        }
        Ok(connection)
    }

    /// Hands one mail over and keeps the connection where it is still good.
    async fn converse(
        &self,
        mut connection: AsyncSmtpConnection,
        mail: &Mail,
        still: Still<'_>,
    ) -> Result<(), Fault> {
        let ended = hand_over(&mut connection, mail, still).await;
        let usable = match &ended {
            Ok(()) | Err(Fault::Impossible(_)) => true,
            Err(Fault::Answered { code, .. }) if code == CLOSING => false,
            Err(Fault::Answered { .. } | Fault::NoMailbox(_) | Fault::Withdrawn) => {
                command(&mut connection, Rset).await.is_ok()
            }
            Err(Fault::Broken(_) | Fault::Unclear(_)) => false,
        };
        if usable {
            self.keep(connection);
        }
        ended
    }
}

async fn hand_over(connection: &mut AsyncSmtpConnection, mail: &Mail, still: Still<'_>) -> Result<(), Fault> {
    let foreign = |address: &Address| !AsRef::<str>::as_ref(address).is_ascii();
    let mut parameters = Vec::new();
    if foreign(&mail.from) || foreign(&mail.to) {
        if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
            let why = "the server takes no address with letters beyond ASCII (SMTPUTF8)";
            return Err(Fault::Impossible(why.to_owned()));
        }
        parameters.push(MailParameter::SmtpUtfEight);
    }
    command(connection, MailFrom::new(Some(mail.from.clone()), parameters)).await?;
    command(connection, Rcpt::new(mail.to.clone(), Vec::new())).await.map_err(|fault| match fault {
        Fault::Answered { code, words } if is_no_mailbox(&code, &words) => Fault::NoMailbox(words),
        fault => fault,
    })?;
    if !still() {
        return Err(Fault::Withdrawn);
    }
    command(connection, Data).await?;
    match tokio::time::timeout(MESSAGE, connection.message(&mail.bytes)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(answered(&error).unwrap_or_else(|| Fault::Unclear(words(&error)))),
        Err(_) => Err(Fault::Unclear(silent(MESSAGE))),
    }
}

async fn command(connection: &mut AsyncSmtpConnection, command: impl fmt::Display) -> Result<(), Fault> {
    match tokio::time::timeout(COMMAND, connection.command(command)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(answered(&error).unwrap_or_else(|| Fault::Broken(words(&error)))),
        Err(_) => Err(Fault::Broken(silent(COMMAND))),
    }
}

/// Whether an answer says that the address itself is wrong, by its enhanced code (RFC 3463) behind the code.
fn is_no_mailbox(code: &str, words: &str) -> bool {
    let said = words.strip_prefix(code).unwrap_or(words).trim_start();
    let status = said.split_whitespace().next().unwrap_or_default();
    code.starts_with('5') && is_about_the_mailbox(status)
}

fn silent(patience: Duration) -> String {
    format!("the server was silent for {} s", patience.as_secs())
}

/// The fault of a coded answer; `None` when there was none.
fn answered(error: &Error) -> Option<Fault> {
    let code = error.status()?;
    Some(Fault::Answered { code: code.to_string(), words: words(error) })
}

/// What the server or the line said, behind the code where there is one.
fn words(error: &Error) -> String {
    let said = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
    cleanse::line(&match error.status() {
        Some(code) => format!("{code} {said}"),
        None => said,
    })
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Answered { code, words } if code.starts_with('5') => Self::Never(words),
            Fault::Answered { words, .. } | Fault::Broken(words) | Fault::Unclear(words) => {
                Self::Later(words)
            }
            Fault::Impossible(why) => Self::Never(why),
            Fault::NoMailbox(words) => Self::NoMailbox(words),
            Fault::Withdrawn => Self::Withdrawn,
        }
    }
}

fn security(url: &Url, host: &str, authority: Option<&Certificate>) -> Result<(Security, u16), UrlError> {
    let parameters = || {
        let builder = TlsParameters::builder(host.to_owned());
        let builder = match authority {
            Some(authority) => builder.add_root_certificate(authority.clone()),
            None => builder,
        };
        builder.build().map_err(|fault| UrlError::Authority(words(&fault)))
    };
    let queries: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let plain = match queries.as_slice() {
        [] => false,
        [(key, value)] if key == "tls" && value == "none" => true,
        _ => return Err(UrlError::Shape("the only option is tls=none".to_owned())),
    };
    match (url.scheme(), plain) {
        ("smtps", false) => Ok((Security::Tls(parameters()?), SUBMISSIONS_PORT)),
        ("smtp", false) => Ok((Security::StartTls(parameters()?), SUBMISSION_PORT)),
        ("smtp", true) => Ok((Security::Plain, SMTP_PORT)),
        (scheme, _) => Err(UrlError::Shape(format!("`{scheme}` does not go with these options"))),
    }
}

fn login(url: &Url) -> Result<Option<Credentials>, UrlError> {
    let Some(password) = url.password() else { return Ok(None) };
    // A form decoder reads percent signs as a URL does, once its plus sign is kept from meaning a blank.
    let decode = |text: &str| {
        let text = format!("x={}", text.replace('+', "%2B").replace('&', "%26"));
        url::form_urlencoded::parse(text.as_bytes()).next().map(|(_, value)| value.into_owned())
    };
    let odd = || UrlError::Shape("user or password cannot be read".to_owned());
    let user = decode(url.username()).ok_or_else(odd)?;
    Ok(Some(Credentials::new(user, decode(password).ok_or_else(odd)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(url: &str) -> Result<Smtp, UrlError> {
        Smtp::open(&SecretString::from(url), "sojourn.example", 2)
    }

    #[test]
    fn the_scheme_of_the_url_chooses_how_the_line_is_kept_private() {
        let shape = |url: &str| {
            let smtp = open(url).unwrap();
            let security = match smtp.security {
                Security::Tls(_) => "tls",
                Security::StartTls(_) => "starttls",
                Security::Plain => "plain",
            };
            (security, smtp.port, smtp.login.is_some())
        };
        assert_eq!(shape("smtps://a:b@mail.example"), ("tls", 465, true));
        assert_eq!(shape("smtp://mail.example"), ("starttls", 587, false));
        assert_eq!(shape("smtp://127.0.0.1:2525?tls=none"), ("plain", 2525, false));
        assert_eq!(shape("smtp://a:b@localhost?tls=none"), ("plain", 25, true));
    }

    #[test]
    fn a_password_is_not_sent_in_the_open() {
        assert_eq!(open("smtp://a:b@mail.example?tls=none").unwrap_err(), UrlError::OpenPassword);
    }

    #[test]
    fn an_address_that_is_not_usable_is_refused_with_its_mend() {
        for url in
            ["mail.example", "http://mail.example", "smtp://mail.example?tls=maybe", "smtps://a?tls=none"]
        {
            let said = open(url).unwrap_err().to_string();
            assert!(said.contains("smtps://user:password@host"), "{url}: {said}");
        }
    }

    #[test]
    fn a_password_is_read_with_its_percent_signs() {
        let url = Url::parse("smtps://post%40a.example:1+%2B%26@mail.example").unwrap();
        let login = login(&url).unwrap().unwrap();
        assert_eq!(login, Credentials::new("post@a.example".to_owned(), "1++&".to_owned()));
    }
}
