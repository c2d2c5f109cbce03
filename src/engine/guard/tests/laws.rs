//! Laws that hold for every expression and all facts.

use std::cell::RefCell;

use super::*;

fn fill(facts: &Facts, others: &Facts) -> Facts {
    Facts(facts.0.iter().zip(&others.0).map(|(fact, other)| fact.clone().or_else(|| other.clone())).collect())
}

/// Remembers which slots were asked for.
struct Watched<'f>(&'f Facts, RefCell<Vec<Slot>>);

impl Values for Watched<'_> {
    fn get(&self, slot: Slot) -> Option<&Value> {
        self.1.borrow_mut().push(slot);
        self.0.get(slot)
    }
}

proptest! {
    #[test]
    fn conditions_join_by_kleenes_logic(p in condition(), q in condition(), facts in facts()) {
        let (left, right) = (holds(&p, &facts), holds(&q, &facts));
        prop_assert_eq!(holds(&format!("{p} && {q}"), &facts), left.and(right));
        prop_assert_eq!(holds(&format!("{p} || {q}"), &facts), left.or(right));
        prop_assert_eq!(holds(&format!("!({p})"), &facts), !left);
        prop_assert_eq!(holds(&format!("!!({p})"), &facts), left);
    }

    #[test]
    fn learning_a_fact_never_turns_a_verdict_round(p in condition(), some in facts(), more in facts()) {
        let p = p.replace("has(student.year)", "true");
        let before = holds(&p, &some);
        prop_assert!(before == Verdict::Unknown || before == holds(&p, &fill(&some, &more)), "{}", p);
    }

    #[test]
    fn no_other_fact_than_the_explained_ones_can_mend_a_guard(p in condition(), facts in facts(), others in facts()) {
        let guard = guard(&p);
        let explained = guard.explain(&facts);
        prop_assert!(!guard.holds(&facts).is_true() || explained.is_empty());
        if !guard.holds(&facts).is_true() {
            let mut changed = others;
            for (path, value) in explained {
                prop_assert_eq!(&value, &facts.0[slot(&path)]);
                changed.0[slot(&path)] = value;
            }
            prop_assert!(!guard.holds(&changed).is_true(), "{}", p);
        }
    }

    #[test]
    fn a_guard_asks_for_no_fact_it_does_not_list(p in condition(), facts in facts()) {
        let guard = guard(&p);
        let watched = Watched(&facts, RefCell::default());
        guard.holds(&watched);
        prop_assert!(watched.1.borrow().iter().all(|slot| guard.slots().contains(slot)));
    }

    #[test]
    fn facts_of_wrong_types_are_endured(p in condition(), facts in facts(), turn in 0..16_usize) {
        let mut turned = facts;
        turned.0.rotate_left(turn);
        guard(&p).holds(&turned);
        guard(&p).explain(&turned);
    }

    #[test]
    fn a_guard_compiled_again_from_its_source_is_equal(p in condition()) {
        let once = guard(&p);
        prop_assert_eq!(&guard(once.source()), &once);
    }
}
