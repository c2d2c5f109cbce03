//! Lines and places as positions: what each place draws on, the narrowest line first.

use uuid::Uuid;

use super::digest::Feed;
use super::laminar::{self, Nest};
use super::lookup::{Lookup, NONE, hash, position};
use super::{Fault, Line, Place, Rule, Seats, Why};
use crate::ids::{OfferingId, PlaceLineId};

/// Units of a line that a place takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Drawn {
    pub(super) line: u32,
    pub(super) units: u32,
}

/// The seats of a run.
#[derive(Debug)]
pub(super) struct Seating<'i> {
    /// Sorted by id.
    pub(super) lines: Vec<&'i Line>,
    /// Sorted by offering and line.
    pub(super) places: Vec<&'i Place>,
    /// Units that each line has to give.
    pub(super) capacity: Vec<u64>,
    pub(super) rule: Rule,
    pub(super) why: Option<Why>,
    /// The number of each place's offering.
    offerings: Vec<u32>,
    /// How many places draw on each line.
    width: Vec<u32>,
    starts: Vec<u32>,
    draws: Vec<Drawn>,
    keys: Vec<(OfferingId, PlaceLineId)>,
    lookup: Lookup,
}

impl<'i> Seating<'i> {
    pub(super) fn new(seats: &'i Seats, faults: &mut Vec<Fault>) -> Self {
        let before = faults.len();
        let (lines, capacity) = lines(seats, faults);
        let places = places(seats, faults);
        let keys: Vec<_> = places.iter().map(|place| (place.offering, place.line)).collect();
        let same = |one: u32, other: u32| keys[one as usize] == keys[other as usize];
        let mut seating = Self {
            offerings: numbered(&places),
            lookup: Lookup::new(keys.iter().map(hashed), same),
            keys,
            width: vec![0; lines.len()],
            lines,
            places,
            capacity,
            rule: Rule::DeferredAcceptance,
            why: None,
            starts: vec![0],
            draws: Vec::new(),
        };
        for at in 0..seating.places.len() {
            seating.draw(at, faults);
        }
        if faults.len() == before {
            seating.settle(faults);
        }
        seating
    }

    /// What a place draws on, each line before those that hold all its places.
    pub(super) fn draws(&self, place: u32) -> &[Drawn] {
        let place = place as usize;
        &self.draws[self.starts[place] as usize..self.starts[place + 1] as usize]
    }

    /// Whether a place draws on a wider line as well.
    pub(super) fn is_quota(&self, place: u32, line: u32) -> bool {
        self.draws(place).last().is_some_and(|widest| widest.line != line)
    }

    pub(super) fn find(&self, offering: OfferingId, line: PlaceLineId) -> Option<u32> {
        let key = (offering, line);
        self.lookup.find(hashed(&key), |at| self.keys[at as usize] == key)
    }

    /// The number of a place's offering, below the number of places.
    pub(super) fn offering(&self, place: u32) -> usize {
        self.offerings[place as usize] as usize
    }

    /// How many places draw on a line; what is no line is wider than all.
    pub(super) fn width(&self, line: u32) -> u32 {
        self.width.get(line as usize).copied().unwrap_or(u32::MAX)
    }

    pub(super) fn line(&self, id: PlaceLineId) -> Option<u32> {
        self.lines.binary_search_by_key(&id, |line| line.id).ok().map(position)
    }

    /// Feeds lines and places in their own order.
    pub(super) fn feed(&self, feed: &mut Feed) {
        feed.count(self.lines.len());
        for line in &self.lines {
            feed.id(line.id);
            feed.bytes(&line.capacity.to_be_bytes());
            feed.id(line.period.map_or(Uuid::nil(), Uuid::from));
            feed.bytes(&[u8::from(line.pool)]);
        }
        feed.count(self.places.len());
        for (at, place) in (0..).zip(&self.places) {
            feed.id(place.offering);
            feed.id(place.line);
            feed.id(place.host);
            feed.count(self.draws(at).len());
            for drawn in self.draws(at) {
                feed.bytes(&drawn.line.to_be_bytes());
                feed.bytes(&drawn.units.to_be_bytes());
            }
        }
    }

    fn draw(&mut self, at: usize, faults: &mut Vec<Fault>) {
        let place = self.places[at];
        let offering = place.offering;
        for draw in &place.draws {
            let line = self.line(draw.line);
            let since = self.starts[at] as usize;
            let twice = self.draws[since..].iter().any(|before| Some(before.line) == line);
            match line {
                None => faults.push(Fault::UnknownLine { offering, line: draw.line }),
                Some(_) if twice || draw.units == 0 => {
                    faults.push(Fault::DrawWrong { offering, line: draw.line });
                }
                Some(line) => self.draws.push(Drawn { line, units: draw.units }),
            }
        }
        if !place.draws.iter().any(|draw| draw.line == place.line) {
            faults.push(Fault::NotDrawn { offering, line: place.line });
        }
        self.starts.push(position(self.draws.len()));
    }

    /// Sorts what places draw on by how wide it is, and finds the rule that fits.
    fn settle(&mut self, faults: &mut Vec<Fault>) {
        self.draws.iter().for_each(|drawn| self.width[drawn.line as usize] += 1);
        for bounds in self.starts.windows(2) {
            let chain = &mut self.draws[bounds[0] as usize..bounds[1] as usize];
            chain.sort_unstable_by_key(|drawn| (self.width[drawn.line as usize], drawn.line));
        }
        match laminar::nest(self) {
            Nest::Nested => {}
            Nest::Served(why) => (self.rule, self.why) = (Rule::SerialOrder, Some(why)),
            Nest::Crossing(fault) => faults.push(fault),
        }
    }
}

fn lines<'i>(seats: &'i Seats, faults: &mut Vec<Fault>) -> (Vec<&'i Line>, Vec<u64>) {
    let mut lines: Vec<&Line> = seats.lines.iter().collect();
    lines.sort_by_key(|line| line.id);
    let twice = lines.windows(2).filter(|pair| pair[0].id == pair[1].id);
    faults.extend(twice.map(|pair| Fault::LineTwice { line: pair[0].id }));
    let mut units = |line: &&Line| {
        u64::try_from(line.capacity).unwrap_or_else(|_| {
            faults.push(Fault::CapacityNegative { line: line.id, capacity: line.capacity });
            0
        })
    };
    let capacity = lines.iter().map(&mut units).collect();
    (lines, capacity)
}

fn places<'i>(seats: &'i Seats, faults: &mut Vec<Fault>) -> Vec<&'i Place> {
    let key = |place: &&Place| (place.offering, place.line);
    let mut places: Vec<&Place> = seats.places.iter().collect();
    places.sort_by_key(key);
    let twice = places.windows(2).filter(|pair| key(&pair[0]) == key(&pair[1]));
    faults.extend(twice.map(|pair| Fault::PlaceTwice { offering: pair[0].offering, line: pair[0].line }));
    places
}

fn numbered(places: &[&Place]) -> Vec<u32> {
    let mut last = (None, NONE);
    let number = |place: &&Place| {
        if last.0 != Some(place.offering) {
            last = (Some(place.offering), last.1.wrapping_add(1));
        }
        last.1
    };
    places.iter().map(number).collect()
}

fn hashed((offering, line): &(OfferingId, PlaceLineId)) -> u64 {
    hash([Uuid::from(*offering), Uuid::from(*line)])
}
