//! A trial of an allocation, written down as it would be made once its call has closed.

use serde_json::{Value, json};
use sojourn::app::allocations::file::Frozen;
use sojourn::store::allocations::{self as store, Allocation};
use sojourn_engine::allocation::{Input, Rules, Seats, Student};
use sojourn_engine::ids::{AllocationId, CallId, CaseId, InstitutionId};
use sojourn_engine::vocabulary::{AllocationStatus, Level};

use super::stage::{Set, Stage};
use crate::support::cast::Cast;

impl Stage {
    /// Enters a trial of a call, its home and one application.
    pub(super) async fn tried(&mut self, set: Set, of: (&Value, &Value, &Value)) {
        let run = trial(&self.cast, of).await;
        for (name, id) in [("run call", of.0), ("application_id", of.2), ("aid", &run)] {
            self.enter(set, name, id);
        }
    }
}

fn id<T: std::str::FromStr>(value: &Value) -> T {
    value.as_str().and_then(|text| text.parse().ok()).expect("an id")
}

/// A trial in which one application of a home takes part and chooses nothing; its id.
async fn trial(cast: &Cast, (call, home, case): (&Value, &Value, &Value)) -> Value {
    let (call, home, case): (CallId, InstitutionId, CaseId) = (id(call), id(home), id(case));
    let level = Level::First;
    let student = Student { id: case, home, level, field: None, score: None, displaced: false };
    let rules = Rules { seed: "a seed".to_owned(), scored: false };
    let input = Input { students: vec![student], choices: Vec::new(), seats: Seats::default(), rules };
    let outcome = input.instance().expect("sound").solve();
    let digest = outcome.input.to_string();
    let files = Frozen { input, outcome }.pack().expect("packed");
    let at = cast.app.clock.moment();
    let row = Allocation {
        id: at.id(),
        call_id: call,
        number: 1,
        status: AllocationStatus::Trial,
        digest,
        students: 1,
        placed: 0,
        done: 0,
        created_by: None,
        created_at: at.now,
        confirmed_by: None,
        confirmed_at: None,
        finished_at: None,
        going_on: None,
        version: 1,
    };
    let run: AllocationId = row.id;
    let tx = cast.app.app.store.begin().await.expect("begun");
    store::add(&tx, row, &[home], files).await.expect("entered");
    tx.commit().await.expect("committed");
    json!(run)
}

impl Stage {
    /// An event fired at an application that has moved on: a bulk that does nothing.
    pub(super) async fn tried_at_once(&mut self, set: Set, by: &str) {
        let item = json!({ "id": self.id(set, "applications"), "version": 9999 });
        let bulk = json!({ "event": "nominate", "items": [item] });
        let bulk = self.cast.who(by).post("/bulk", &bulk).await.ok();
        self.enter(set, "bulk", &bulk["id"]);
    }
}
