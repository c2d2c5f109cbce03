//! What there is to apply for: hosts with a programme, a period and an offering, made through the API.

use serde_json::{Value, json};

use super::actor::Actor;
use super::app::TestApp;

/// The id of a row, as a path takes it.
pub fn id(row: &Value) -> &str {
    row["id"].as_str().expect("an id")
}

/// A home and a host with their coordinators.
#[derive(Debug)]
pub struct Pair {
    pub sol: Actor,
    pub home: Value,
    pub host: Value,
    /// Coordinator of the home.
    pub hanna: Actor,
    /// Coordinator of the host.
    pub otto: Actor,
}

/// A programme of the host with one offering.
#[derive(Debug)]
pub struct Offer {
    pub period: Value,
    pub programme: Value,
    pub offering: Value,
}

impl Pair {
    /// Alpha in Berlin sends, Omega in Taipei receives.
    pub async fn of(app: &TestApp) -> Self {
        let sol = app.secretariat().await;
        let home = app.member(&sol, "Alpha", "DE", "Europe/Berlin").await;
        let host = app.member(&sol, "Omega", "TW", "Asia/Taipei").await;
        let hanna = app.holder(&sol, "coordinator", &home).await;
        let otto = app.holder(&sol, "coordinator", &host).await;
        Self { sol, home, host, hanna, otto }
    }

    /// The host's spring term of 2027.
    pub fn period(&self) -> Value {
        json!({
            "institution": self.host["id"], "academic_year": 2026, "term": "S2", "name": "Spring", "start_on": "2027-02-15",
            "end_on": "2027-06-30", "twelfths": 6,
        })
    }

    /// An exchange at the host, in English.
    pub fn programme(&self) -> Value {
        json!({
            "kind": "exchange", "host": self.host["id"], "workflow": "student-exchange", "title": "A term in Taipei",
            "summary": "Courses in *English*.", "fields": ["06"], "levels": ["first", "second"], "languages": ["en:B2"],
            "gives_credit": true,
        })
    }

    /// A published programme with one offering.
    pub async fn offer(&self) -> Offer {
        let period = self.otto.post("/periods", &self.period()).await.ok();
        let programme = self.otto.post("/programmes", &self.programme()).await.ok();
        let path = format!("/programmes/{}", id(&programme));
        let offering = json!({ "period": period["id"] });
        let offering = self.otto.post(&format!("{path}/offerings"), &offering).await.ok();
        let programme = self.otto.patch(&path, &json!(1), &json!({ "status": "published" })).await.ok();
        Offer { period, programme, offering }
    }

    /// A call of the home for the offering, open in October.
    pub fn call(&self, offer: &Offer) -> Value {
        json!({
            "title": "Spring 2027", "homes": [self.home["id"]], "offerings": [offer.offering["id"]], "opens_on": "2026-10-01",
            "closes_on": "2026-10-31",
        })
    }
}
