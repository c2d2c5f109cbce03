//! Institutions.
