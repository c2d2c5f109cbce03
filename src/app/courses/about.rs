//! What such a case is about, and what becomes of that with its steps.

use chrono::NaiveDate;
use sojourn_engine::ids::{AgreementId, CaseId, InstitutionId, ProgrammeId, UnitId};
use sojourn_engine::vocabulary::Subject;
use uuid::Uuid;

use super::course::Course;
use crate::app::agreements::{self, Terms};
use crate::app::{App, Error, Result, vetting};
use crate::clock::Moment;
use crate::store::agreements::Agreement;
use crate::store::programmes::{self, Programme};
use crate::store::{Tx, agreements as store};

/// The row whose case it is.
#[derive(Debug)]
pub(in crate::app) enum About {
    /// A programme that is vetted.
    Programme(Box<Programme>),
    /// An agreement between two institutions.
    Agreement(Box<Agreement>),
}

/// The short code by which mails speak of what an id names.
pub(in crate::app) fn short(id: Uuid) -> String {
    let digits = id.simple().to_string().to_uppercase();
    digits.get(digits.len().saturating_sub(8)..).unwrap_or_default().to_owned()
}

impl About {
    /// What a workflow for it is about.
    pub const fn subject(&self) -> Subject {
        match self {
            Self::Programme(_) => Subject::Programme,
            Self::Agreement(_) => Subject::Agreement,
        }
    }

    /// The programme.
    pub fn programme(&self) -> Option<ProgrammeId> {
        match self {
            Self::Programme(programme) => Some(programme.id),
            Self::Agreement(_) => None,
        }
    }

    /// The agreement.
    pub fn agreement(&self) -> Option<AgreementId> {
        match self {
            Self::Programme(_) => None,
            Self::Agreement(agreement) => Some(agreement.id),
        }
    }

    /// The unit of the host that it belongs to.
    pub fn unit(&self) -> Option<UnitId> {
        match self {
            Self::Programme(programme) => programme.unit_id,
            Self::Agreement(_) => None,
        }
    }

    /// Who stands for the home, and who for the host; an agreement with nobody there is one with the alliance as a whole.
    pub fn ends(&self) -> (Option<InstitutionId>, Option<InstitutionId>) {
        match self {
            Self::Programme(programme) => (None, Some(programme.host_id)),
            Self::Agreement(agreement) => (Some(agreement.proposer_id), agreement.partner_id),
        }
    }

    /// The short code by which mails speak of it.
    pub fn reference(&self) -> String {
        short(match self {
            Self::Programme(programme) => programme.id.into(),
            Self::Agreement(agreement) => agreement.id.into(),
        })
    }

    /// First and last day of an agreement.
    pub fn days(&self) -> Option<(NaiveDate, NaiveDate)> {
        match self {
            Self::Programme(_) => None,
            Self::Agreement(agreement) => Some((agreement.valid_from_on, agreement.valid_until_on)),
        }
    }

    /// The same once the amendment that is proposed has taken effect.
    pub fn amended_days(&self) -> Option<(NaiveDate, NaiveDate)> {
        match self {
            Self::Programme(_) => None,
            Self::Agreement(agreement) => {
                let proposed = Terms::proposed(agreement);
                proposed.map(|terms| (terms.valid_from_on, terms.valid_until_on)).or_else(|| self.days())
            }
        }
    }
}

impl Course {
    /// The version that whoever fires an event has to have read.
    pub fn version(&self) -> i32 {
        match &self.about {
            About::Programme(_) => self.row.version,
            About::Agreement(agreement) => agreement.version,
        }
    }

    /// Writes into what the case is about what its steps have done to it.
    ///
    /// # Errors
    /// [`Error::Stale`] when that has changed meanwhile.
    pub async fn carry(&mut self, app: &App, tx: &Tx, at: &Moment, event: &str) -> Result<()> {
        match &self.about {
            About::Programme(programme) => vetting::publish(tx, self, programme, event).await,
            About::Agreement(_) => agreements::carry(app, tx, self, at).await,
        }
    }
}

/// The case of that id, by whatever it is about.
pub(super) async fn of_case(app: &App, tx: &Tx, case: CaseId, at: &Moment) -> Result<Course> {
    let about = match programmes::of_case(tx, case).await? {
        Some(programme) => About::Programme(Box::new(programme)),
        None => About::Agreement(Box::new(store::of_case(tx, case).await?.ok_or(Error::NotFound)?)),
    };
    super::resume(app, tx, at, about, case).await
}
