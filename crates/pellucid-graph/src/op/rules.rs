//! Shape and dtype rules that rows of the table share.

mod operands;

mod arithmetic;
mod closeness;
mod elementwise;
mod unary;

mod along;
mod create;
mod diagonal;
mod fits;
mod found;
mod order;
mod reduce;

mod distances;
mod matrices;
mod products;

mod layers;
mod losses;

mod place;
mod random;
mod repeat;
mod scatter;
mod search;
mod shape;
mod view;

pub use along::*;
pub use arithmetic::*;
pub use closeness::*;
pub use create::*;
pub use diagonal::*;
pub use distances::*;
pub use elementwise::*;
pub use fits::*;
pub use found::*;
pub use layers::*;
pub use losses::*;
pub use matrices::*;
pub use order::*;
pub use place::*;
pub use products::*;
pub use random::*;
pub use reduce::*;
pub use repeat::*;
pub use scatter::*;
pub use search::*;
pub use shape::*;
pub use unary::*;
pub use view::*;

use crate::{DType, Result, TensorType};

/// What a rule gives: the type of every result.
pub(super) type Types = Result<Vec<TensorType>>;

/// One result.
fn one(dtype: DType, shape: impl Into<Vec<usize>>) -> Types {
    Ok(vec![TensorType::new(dtype, shape)])
}
