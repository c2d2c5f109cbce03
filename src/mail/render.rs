//! A letter → one finished e-mail: the same letter gives the same bytes on every try.
//!
//! Headers are written through lettre's types alone, and bodies are always base64, so that nothing a person wrote can end a
//! line of the conversation with the server (RUSTSEC-2026-0561).

use std::path::Path;
use std::time::SystemTime;

use lettre::message::header::{
    ContentDisposition, ContentTransferEncoding, ContentType, Header, HeaderName, HeaderValue,
};
use lettre::message::{Mailbox, MessageBuilder, MultiPart, SinglePart};
use lettre::{Address, Message};
use minijinja::value::{Serde, Value};
use sojourn_engine::ids::NoticeId;

use super::said::Said;
use super::templates::{TemplateFault, Templates};
use super::{cleanse, invitation, markdown};
use crate::app::Writer;
use crate::app::notices::{Letter, NoticeFacts};
use crate::app::notifications::Content;

/// Who the mails are from.
#[derive(Debug, Clone)]
pub struct Sender {
    /// Shown as the sender.
    pub from: Mailbox,
    /// Where answers go; `None` is the sender.
    pub reply_to: Option<Mailbox>,
    /// Host name of this instance, in the ids of its messages.
    pub host: String,
}

/// A finished e-mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The notice it tells.
    pub id: NoticeId,
    /// Sender of the envelope.
    pub from: Address,
    /// Recipient of the envelope.
    pub to: Address,
    /// Its subject.
    pub subject: String,
    /// Its plain text.
    pub text: String,
    /// Its HTML.
    pub html: String,
    /// The whole message as it goes over the line, ASCII unless an address is not.
    pub bytes: Vec<u8>,
}

/// Why a letter cannot become a mail; trying again does not help.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The recipient's address cannot be written to.
    #[error("`{0}` is no e-mail address: correct it, then retry")]
    Address(String),
    /// There is no text of that notice.
    #[error("there is no text for the notice `{0}`: add templates/mail/en/{0}.txt")]
    NoText(String),
    /// A letter about a case came without the words of its workflow.
    #[error("the workflow of the case is not known")]
    NoDefinition,
    /// The text cannot be filled in.
    #[error("the text cannot be filled in: {0:#}")]
    Text(#[from] minijinja::Error),
    /// The headers cannot be written.
    #[error("the message cannot be written: {0}")]
    Message(#[from] lettre::error::Error),
}

/// Makes mails out of letters.
#[derive(Debug)]
pub struct Renderer {
    templates: Templates,
    sender: Sender,
}

/// The file that goes with a letter.
fn enclosed(letter: &Letter) -> Option<SinglePart> {
    let (name, content) = letter.enclosed.as_ref()?;
    let kind = ContentType::parse("application/json").ok()?;
    Some(
        SinglePart::builder()
            .header(kind)
            .header(ContentDisposition::attachment(name))
            .header(ContentTransferEncoding::Base64)
            .body(content.clone()),
    )
}

impl Renderer {
    /// A renderer with the shipped texts, and those of the directory `over` in their place.
    ///
    /// # Errors
    /// Every text that cannot be used.
    pub fn open(sender: Sender, over: Option<&Path>) -> Result<Self, Vec<TemplateFault>> {
        Ok(Self { templates: Templates::load(over)?, sender })
    }

    /// The texts it uses.
    pub fn templates(&self) -> &Templates {
        &self.templates
    }

    /// The mail of a letter.
    ///
    /// # Errors
    /// A [`RenderError`], whose words go to the secretariat.
    pub fn render(&self, letter: &Letter) -> Result<Mail, RenderError> {
        let language = self.templates.language_for(&letter.reader.language, &letter.notice);
        let language = language.ok_or_else(|| RenderError::NoText(letter.notice.clone()))?;
        let said = Said::of(letter, &self.templates, language)?;
        let whole = Value::from(Serde(&said));
        let subject = self.templates.subject(language, &letter.notice, &said.for_subject())?;
        let subject = cleanse::line(&subject);
        let body = self.templates.body(language, &letter.notice, &whole)?;
        let parts = self.layout(letter, language, &said, &subject)?;
        let with = |body: String| minijinja::context! { body, ..parts.clone() };
        let text = cleanse::gapless(&self.templates.layout("base.txt", &with(markdown::to_text(&body)))?);
        let html = self.templates.layout("base.html", &with(markdown::to_html(&body)))?;
        let file = invitation::attachment(letter, &said, &self.sender.host).or_else(|| enclosed(letter));
        self.message(letter, subject, (text, html), file)
    }

    /// What the layout adds around the body.
    fn layout(
        &self,
        letter: &Letter,
        language: &str,
        said: &Said,
        subject: &str,
    ) -> Result<Value, RenderError> {
        let words =
            self.templates.words(language).ok_or_else(|| RenderError::NoText(letter.notice.clone()))?;
        let why = match &said.case {
            Some(case) => self.templates.phrase(language, "why_case", case)?,
            None if matches!(letter.facts, NoticeFacts::Unreachable(_)) => words.why_duty.clone(),
            None if matches!(letter.facts, NoticeFacts::Checkpoint(_)) => words.why_head.clone(),
            None if matches!(letter.facts, NoticeFacts::Balance(_)) => words.why_balance.clone(),
            None if matches!(letter.facts, NoticeFacts::Message(_)) => words.why_message.clone(),
            None if matches!(letter.facts, NoticeFacts::HandOver(_)) => words.why_chair.clone(),
            None if matches!(letter.facts, NoticeFacts::Digest(_) | NoticeFacts::Absence(_)) => {
                words.why_digest.clone()
            }
            None if matches!(letter.facts, NoticeFacts::Account(_)) => words.why_change.clone(),
            None => self.templates.phrase(language, "why_account", ())?,
        };
        let usual = if letter.action { &words.act } else { &words.open };
        let button = self.templates.button(language, &letter.notice).unwrap_or(usual);
        let due = said.case.as_ref().and(said.due.as_ref());
        Ok(minijinja::context! {
            subject, language, why, button, action => letter.action,
            case => Serde(&said.case), state => Serde(&said.state),
            words => Serde(words), due => Serde(due),
            delegate => letter.delegate.clone(), unsubscribe => letter.unsubscribe.clone(),
            link => said.link.clone(), waiting => said.waiting.clone(), if_nothing => said.if_nothing.clone(),
        })
    }

    fn message(
        &self,
        letter: &Letter,
        subject: String,
        (text, html): (String, String),
        file: Option<SinglePart>,
    ) -> Result<Mail, RenderError> {
        let unusable = || RenderError::Address(cleanse::line(&letter.reader.address));
        let to: Address = letter.reader.address.trim().parse().map_err(|_| unusable())?;
        let name = Some(cleanse::line(&letter.reader.name)).filter(|name| !name.is_empty());
        let mut builder = Message::builder()
            .from(self.sender.from.clone())
            .to(Mailbox::new(name, to.clone()))
            .subject(subject.clone())
            .date(SystemTime::from(letter.queued_at))
            .message_id(Some(self.message_id(letter.id)))
            .header(NotificationId(letter.id.to_string()))
            .header(AutoSubmitted);
        if let Some(reply_to) = &self.sender.reply_to {
            builder = builder.reply_to(reply_to.clone());
        }
        if let Some(page) = &letter.unsubscribe {
            builder = builder
                .header(ListUnsubscribe(cleanse::line(page).replace(['<', '>', ' '], "")))
                .header(OneClick);
        }
        let body = MultiPart::alternative()
            .boundary(format!("part-{}", letter.id))
            .singlepart(part(ContentType::TEXT_PLAIN, &text))
            .singlepart(part(ContentType::TEXT_HTML, &html));
        let body = match file {
            Some(file) => {
                MultiPart::mixed().boundary(format!("whole-{}", letter.id)).multipart(body).singlepart(file)
            }
            None => body,
        };
        let message = self.threaded(builder, &letter.facts).multipart(body)?;
        let from = self.sender.from.email.clone();
        Ok(Mail { id: letter.id, from, to, subject, text, html, bytes: message.formatted() })
    }

    /// Mails of one case answer the same root, which no mail has, so that clients show them as one conversation.
    fn threaded(&self, builder: MessageBuilder, facts: &NoticeFacts) -> MessageBuilder {
        match facts {
            NoticeFacts::Case(case) => {
                let root = self.message_id(case.case);
                builder.in_reply_to(root.clone()).references(root)
            }
            NoticeFacts::Message(message) => {
                let root = self.message_id(message.case);
                builder.in_reply_to(root.clone()).references(root)
            }
            NoticeFacts::Invitation(_)
            | NoticeFacts::PasswordReset(_)
            | NoticeFacts::EmailPresent(_)
            | NoticeFacts::EmailNext(_)
            | NoticeFacts::SignUp(_)
            | NoticeFacts::Account(_)
            | NoticeFacts::Absence(_)
            | NoticeFacts::Digest(_)
            | NoticeFacts::Checkpoint(_)
            | NoticeFacts::HandOver(_)
            | NoticeFacts::Balance(_)
            | NoticeFacts::Unreachable(_) => builder,
        }
    }

    fn message_id(&self, id: impl std::fmt::Display) -> String {
        format!("<{id}@{}>", self.sender.host)
    }
}

impl Writer for Renderer {
    fn write(&self, letter: &Letter) -> Result<Content, String> {
        let mail = self.render(letter).map_err(|fault| fault.to_string())?;
        Ok(Content { subject: mail.subject, text: mail.text, html: mail.html })
    }
}

fn part(kind: ContentType, text: &str) -> SinglePart {
    SinglePart::builder().header(kind).header(ContentTransferEncoding::Base64).body(text.to_owned())
}

/// Names the row of the outbox, the same on every try.
#[derive(Clone)]
struct NotificationId(String);

impl Header for NotificationId {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("X-Notification-Id")
    }

    fn parse(text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self(text.to_owned()))
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), self.0.clone())
    }
}

/// Where mails like this are turned off (RFC 2369 §3.2).
#[derive(Clone)]
struct ListUnsubscribe(String);

impl Header for ListUnsubscribe {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("List-Unsubscribe")
    }

    fn parse(text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self(text.trim_matches(['<', '>']).to_owned()))
    }

    fn display(&self) -> HeaderValue {
        // Written unfolded: some clients read no further than the first line.
        HeaderValue::dangerous_new_pre_encoded(Self::name(), self.0.clone(), format!("<{}>", self.0))
    }
}

/// Says that a POST to that page is enough (RFC 8058 §3.1).
#[derive(Clone)]
struct OneClick;

impl Header for OneClick {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("List-Unsubscribe-Post")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "List-Unsubscribe=One-Click".to_owned())
    }
}

/// Tells other machines not to answer (RFC 3834 §5).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}
