//! The closed sets of the field: each word is written once here, and stored, sent and parsed as that text.
//!
//! A state, an event or a role of a workflow is never among them: those live in definitions. To add a word, name it with its text
//! and its meaning; the compiler then shows every `match` that must answer for it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Text that names nothing in a closed set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is no {set}: write one of {}", .known.join(", "))]
pub struct UnknownWord {
    /// What was given.
    pub word: String,
    /// The set that was asked.
    pub set: &'static str,
    /// Every word of the set.
    pub known: &'static [&'static str],
}

macro_rules! words {
    ($(
        $(#[$doc:meta])*
        $name:ident ($set:tt) { $($(#[$variant_doc:meta])* $variant:ident = $text:tt,)+ }
    )+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "sea-orm", derive(sea_orm::DeriveValueType), sea_orm(value_type = "String"))]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// Every word of the set, in order.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The text that is stored and sent.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(word: &str) -> Result<Self, UnknownWord> {
                match word {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(UnknownWord { word: word.to_owned(), set: $set, known: &[$($text),+] }),
                }
            }
        }
    )+};
}

mod accounts;
mod agreements;
mod audit;
mod balances;
mod runs;

pub use accounts::{Office, TokenKind};
pub use agreements::{AgreementStatus, Terms};
pub use audit::{Deed, Matter};
pub use balances::{PlacesBy, StatementStatus};
pub use runs::{AllocationStatus, BulkItemStatus, BulkStatus};

words! {
    /// What a person does for an institution or the alliance; the chair comes from its term instead.
    Duty ("duty") {
        /// Runs exchanges for an institution or unit, as home and as host.
        Coordinator = "coordinator",
        /// Head of the office; stands in when nobody else does.
        Head = "head",
        /// Decides on learning agreements and recognition.
        Academic = "academic",
        /// Pays grants.
        Grants = "grants",
        /// First to hear of incidents.
        Safety = "safety",
        /// Acts for an employer.
        Employer = "employer",
        /// Looks after an institution's people and data.
        Admin = "admin",
        /// Works in the alliance's permanent office.
        Secretariat = "secretariat",
    }

    /// What an institution is to the alliance.
    InstitutionKind ("kind of institution") {
        /// Votes, holds the chair, publishes calls.
        Member = "member",
        /// Exchanges with members without belonging to the alliance.
        Partner = "partner",
        /// Hosts internships.
        Employer = "employer",
    }

    /// What a programme is about.
    ProgrammeKind ("kind of programme") {
        /// Study at another university.
        Exchange = "exchange",
        /// Work at an employer.
        Internship = "internship",
        /// Staff teaching, training or doing research with another member.
        StaffExchange = "staff_exchange",
        /// Study at several campuses in one case.
        MultiCampus = "multi_campus",
        /// Training of future leaders.
        LeadershipTraining = "leadership_training",
        /// A meeting with participants from many members.
        Conference = "conference",
    }

    /// How far a programme or a call has come before the public.
    Publication ("status of publication") {
        /// Seen by those who prepare it.
        Draft = "draft",
        /// Seen by everybody.
        Published = "published",
        /// Seen by everybody, takes nothing new.
        Closed = "closed",
    }

    /// The part of a case's life that a state belongs to.
    Phase ("phase") {
        /// The applicant prepares and submits.
        Application = "application",
        /// The home institution decides whom to send.
        Selection = "selection",
        /// The home institution presents the applicant to the host.
        Nomination = "nomination",
        /// The host decides.
        Approval = "approval",
        /// Everything between the host's yes and the first day.
        Placement = "placement",
        /// The applicant is there.
        Stay = "stay",
        /// Results come back and are recognised.
        Recognition = "recognition",
        /// Nothing more happens.
        Closed = "closed",
    }

    /// Whether a state is an end, and which.
    StateKind ("kind of state") {
        /// Goes on.
        Open = "open",
        /// Ended as hoped.
        Success = "success",
        /// Ended otherwise.
        Failure = "failure",
    }

    /// What a case is about.
    Subject ("subject") {
        /// One person's application.
        Application = "application",
        /// A programme that is vetted, such as an internship offer.
        Programme = "programme",
        /// An agreement between two institutions.
        Agreement = "agreement",
    }

    /// The unit a line of places counts in.
    PlaceUnit ("unit of places") {
        /// People.
        Heads = "heads",
        /// Twelfths of a year, so that semesters, trimesters and quarters are whole numbers.
        Twelfths = "twelfths",
    }

    /// Where a line of places comes from.
    PlaceSource ("source of places") {
        /// An agreement between two members.
        Agreement = "agreement",
        /// A programme that is open to all who fit.
        Programme = "programme",
        /// Nominations that a programme takes at a time.
        Nominees = "nominees",
        /// A pool that an institution shares over several hosts.
        Pool = "pool",
    }

    /// Which way a line of places points, seen from the institution that keeps it.
    Direction ("direction") {
        /// Places for those the home institution sends.
        Out = "out",
        /// Places for those the host receives.
        In = "in",
    }

    /// Why a line of places changed.
    PostingKind ("kind of posting") {
        /// Capacity was set, by the difference.
        Capacity = "capacity",
        /// A place was reserved for a case.
        Hold = "hold",
        /// A reserved place was taken for good.
        Use = "use",
        /// A reserved place came back.
        Release = "release",
        /// Capacity came over from an earlier period.
        Carry = "carry",
    }

    /// What a case has of a line of places.
    AccountStatus ("status of an account") {
        /// Nothing.
        None = "none",
        /// A reserved place.
        Held = "held",
        /// A place taken for good.
        Used = "used",
    }

    /// How a choice of an application came out.
    ChoiceResult ("result of a choice") {
        /// Nothing decided yet.
        Open = "open",
        /// The current choice of its case, or the one it ended with.
        Chosen = "chosen",
        /// Chosen once, given up since.
        Left = "left",
        /// Can no longer be chosen.
        Void = "void",
    }

    /// What is done during a stay.
    StayKind ("kind of stay") {
        /// Study.
        Study = "study",
        /// Work.
        Work = "work",
    }

    /// Study cycle, by level of the European Qualifications Framework.
    Level ("level of study") {
        /// Short cycle, EQF 5.
        Short = "short",
        /// First cycle, EQF 6.
        First = "first",
        /// Second cycle, EQF 7.
        Second = "second",
        /// Third cycle, EQF 8.
        Third = "third",
    }

    /// Command of a language, by the Common European Framework of Reference.
    Cefr ("level of language") {
        /// Beginner.
        A1 = "A1",
        /// Elementary.
        A2 = "A2",
        /// Intermediate.
        B1 = "B1",
        /// Upper intermediate.
        B2 = "B2",
        /// Advanced.
        C1 = "C1",
        /// Proficient.
        C2 = "C2",
    }

    /// How sensitive a document is; decides who may open it.
    DocumentClass ("class of document") {
        /// Letters, forms.
        Ordinary = "ordinary",
        /// Marks, certificates.
        Academic = "academic",
        /// Passports, pictures of the person.
        Identity = "identity",
        /// Anything about health; closed to the alliance's offices.
        Health = "health",
    }

    /// How far a notice has come.
    NoticeStatus ("status of a notice") {
        /// Waiting to be sent.
        Queued = "queued",
        /// Taken by the receiving server.
        Sent = "sent",
        /// Put off by the server or the line; tried again.
        Deferred = "deferred",
        /// Refused for good; a person may try again.
        Failed = "failed",
        /// Taken, then returned.
        Bounced = "bounced",
        /// Belongs to imported history: without text, never sent.
        Historic = "historic",
        /// Not sent, as its reader wishes; it is in their list.
        Withheld = "withheld",
    }

    /// How somebody with a duty wants their mails.
    Mails ("way of getting mails") {
        /// One digest a day, and at once what cannot wait.
        Daily = "daily",
        /// Each at once.
        AtOnce = "at_once",
        /// Only what needs them at once.
        Needed = "needed",
    }

    /// By which door a step came.
    Via ("door") {
        /// The HTTP interface.
        Api = "api",
        /// A page.
        Page = "page",
        /// A link in a mail, without signing in.
        Link = "link",
        /// An import of history.
        Import = "import",
        /// An expired clock.
        Clock = "clock",
        /// A run of an allocation.
        Run = "run",
        /// The command line.
        Cli = "cli",
    }

    /// How far a version of a workflow has come.
    VersionStatus ("status of a version") {
        /// Posted, not in force.
        Draft = "draft",
        /// In force for new cases, immutable.
        Approved = "approved",
    }
}

impl Default for Mails {
    /// As whoever says nothing gets them.
    fn default() -> Self {
        Self::Daily
    }
}

impl Level {
    /// Level of the European Qualifications Framework, 5 to 8.
    pub const fn eqf(self) -> u8 {
        match self {
            Self::Short => 5,
            Self::First => 6,
            Self::Second => 7,
            Self::Third => 8,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_stored_sent_and_parsed_as_the_same_text() {
        for &kind in ProgrammeKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{kind}\""));
        }
        assert_eq!(ProgrammeKind::StaffExchange.to_string(), "staff_exchange");
    }

    #[test]
    fn an_unknown_word_names_the_set_and_its_words() {
        let said = "third_cycle".parse::<Level>().unwrap_err().to_string();
        assert_eq!(said, "`third_cycle` is no level of study: write one of short, first, second, third");
    }
}
