//! Arguments of operations, as data.

use std::borrow::Cow;
use std::convert::Infallible;

use serde::{Deserialize, Serialize};

use crate::{DType, ValueId};

/// One argument.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Arg {
    /// Not given.
    None,
    /// A value of the graph.
    Value(ValueId),
    /// Several values.
    Values(Vec<ValueId>),
    /// A truth value.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A number, infinities and NaN included.
    #[serde(with = "float")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "crate::schema::float"))]
    Float(f64),
    /// Axes or lengths.
    Ints(Vec<i64>),
    /// An element type.
    DType(DType),
    /// A word.
    Word(Cow<'static, str>),
    /// What stands between brackets.
    Index(Vec<IndexItem>),
}

/// One item between brackets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum IndexItem {
    /// `i`: takes one position and drops the axis.
    Int(i64),
    /// `start:stop:step`.
    Slice(Slice),
    /// `None`: a new axis of length 1.
    New,
    /// `...`: all axes not mentioned.
    Ellipsis,
    /// An integer tensor of positions, or a bool tensor: those where it holds.
    Value(ValueId),
}

/// `start:stop:step`, each part optional, negative from the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Slice {
    /// First position.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<i64>,
    /// First position not taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop: Option<i64>,
    /// Distance between positions, at least 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<i64>,
}

impl Arg {
    /// Calls `f` with every value in the argument.
    pub fn for_each_value(&self, f: &mut impl FnMut(ValueId)) {
        match self {
            Arg::Value(v) => f(*v),
            Arg::Values(vs) => vs.iter().for_each(|v| f(*v)),
            Arg::Index(items) => items.iter().for_each(|i| {
                if let IndexItem::Value(v) = i {
                    f(*v);
                }
            }),
            _ => {}
        }
    }

    /// The argument with every value replaced by what `f` makes of it.
    pub fn map_values(&self, mut f: impl FnMut(ValueId) -> ValueId) -> Arg {
        match self.try_map_values(|v| Ok::<_, Infallible>(f(v))) {
            Ok(arg) => arg,
            Err(never) => match never {},
        }
    }

    /// The argument with every value replaced by what `f` makes of it, if it can.
    ///
    /// # Errors
    /// What `f` returns.
    pub fn try_map_values<E>(&self, mut f: impl FnMut(ValueId) -> Result<ValueId, E>) -> Result<Arg, E> {
        Ok(match self {
            Arg::Value(v) => Arg::Value(f(*v)?),
            Arg::Values(vs) => Arg::Values(vs.iter().map(|v| f(*v)).collect::<Result<_, E>>()?),
            Arg::Index(items) => {
                let item = |i: &IndexItem| match i {
                    IndexItem::Value(v) => f(*v).map(IndexItem::Value),
                    other => Ok(other.clone()),
                };
                Arg::Index(items.iter().map(item).collect::<Result<_, E>>()?)
            }
            other => other.clone(),
        })
    }
}

/// JSON has no infinities and no NaN: they travel as words.
mod float {
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(x: &f64, s: S) -> Result<S::Ok, S::Error> {
        if x.is_finite() { s.serialize_f64(*x) } else { s.collect_str(x) }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<f64, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Raw {
            Number(f64),
            Word(String),
        }
        match Raw::deserialize(d)? {
            Raw::Number(x) => Ok(x),
            Raw::Word(w) if ["inf", "-inf", "NaN"].contains(&w.as_str()) => {
                w.parse().map_err(serde::de::Error::custom)
            }
            Raw::Word(w) => Err(serde::de::Error::custom(format!("`{w}` is not a number"))),
        }
    }
}
