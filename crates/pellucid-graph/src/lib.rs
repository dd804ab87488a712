//! The language of experiments: record, check, plan, print, ship.
