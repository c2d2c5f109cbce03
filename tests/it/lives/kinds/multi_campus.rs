//! The life of a tour of two campuses, one term each.

use super::{Paper, Stage};

pub const PAPERS: &[Paper] = &[
    ("submit", "student", "study_plan"),
    ("submit", "student", "transcript"),
    ("recognise", "student", "campus_transcripts"),
];

pub const LIFE: &[Stage] = &[];
