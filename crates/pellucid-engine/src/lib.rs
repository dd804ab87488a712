//! Loads models and runs checked traces inside their forward pass.

pub mod load;
