//! Letters → e-mails → an SMTP server or a maildir.
//!
//! The floor knows no table and no clock: it gets a [`Letter`](crate::app::notices::Letter), writes it in its reader's language, and
//! says whether it was taken, has to wait or can never be taken. A notice is added by its texts alone, one file per language.

pub mod bounce;
mod cleanse;
mod invitation;
mod maildir;
mod markdown;
mod render;
mod said;
pub mod samples;
mod smtp;
mod templates;
mod transport;
mod words;

pub use maildir::{Kept, Maildir};
pub use render::{Mail, RenderError, Renderer, Sender};
pub use smtp::{Smtp, UrlError};
pub use templates::{TemplateFault, Templates};
pub use transport::{Failure, Still, Transport};
