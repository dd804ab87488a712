//! The type of a value (dtype and concrete shape) and the symbolic shapes of sites.

use serde::{Deserialize, Serialize};

use crate::DType;

/// Most axes of a value, as in PyTorch: shapes stay short however a trace is made.
pub const MAX_AXES: usize = 64;

/// What is known of a value while recording: its dtype and its shape.
///
/// Lengths are concrete, but for *open* axes: how many elements a mask takes is only known when it
/// has elements. There `shape` holds the largest length possible, and `open` a bit for the axis.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TensorType {
    /// Element type.
    pub dtype: DType,
    /// Length of each axis; empty for a scalar.
    pub shape: Vec<usize>,
    /// Bit `i` is set when `shape[i]` is only the largest length that axis `i` can have.
    #[serde(default, skip_serializing_if = "is_closed")]
    pub open: u64,
}

fn is_closed(open: &u64) -> bool {
    *open == 0
}

impl TensorType {
    /// A type of the given element type and shape.
    pub fn new(dtype: DType, shape: impl Into<Vec<usize>>) -> Self {
        TensorType { dtype, shape: shape.into(), open: 0 }
    }

    /// The same type with this axis open: its length is only the largest possible.
    pub fn opened(mut self, axis: usize) -> Self {
        self.open |= 1 << axis;
        self
    }

    /// Whether the length of an axis depends on elements.
    pub fn is_open(&self, axis: usize) -> bool {
        axis < MAX_AXES && self.open >> axis & 1 == 1
    }

    /// Whether a value of the (closed) type `got` is what this type promises.
    pub fn admits(&self, got: &TensorType) -> bool {
        let fits =
            |i: usize| got.shape[i] == self.shape[i] || self.is_open(i) && got.shape[i] < self.shape[i];
        self.dtype == got.dtype && self.rank() == got.rank() && (0..self.rank()).all(fits)
    }

    /// The lengths in brackets, open ones as `<=9`.
    pub fn lengths(&self) -> String {
        let length = |(i, n): (usize, &usize)| if self.is_open(i) { format!("<={n}") } else { n.to_string() };
        format!("[{}]", self.shape.iter().enumerate().map(length).collect::<Vec<_>>().join(", "))
    }

    /// Number of elements; `None` when it does not fit in `usize`.
    pub fn numel(&self) -> Option<usize> {
        self.shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d))
    }

    /// Size in bytes; `None` when it does not fit in `usize`.
    pub fn bytes(&self) -> Option<usize> {
        self.numel()?.checked_mul(self.dtype.size())
    }

    /// False for shapes of more than [`MAX_AXES`] axes, and for those whose axes, empty ones aside,
    /// multiply beyond what memory can address.
    pub fn addressable(&self) -> bool {
        if self.rank() > MAX_AXES {
            return false;
        }
        let count = self.shape.iter().try_fold(self.dtype.size(), |n, &d| n.checked_mul(d.max(1)));
        count.is_some_and(|n| n <= isize::MAX as usize)
    }

    /// Number of axes.
    pub fn rank(&self) -> usize {
        self.shape.len()
    }
}

impl std::fmt::Display for TensorType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.dtype, self.lengths())
    }
}

/// One axis of a site's shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dim {
    /// Number of prompts of the invoke.
    B,
    /// Tokens of its longest prompt.
    S,
    /// Tokens that attention looks at: those of earlier steps and of this one.
    Keys,
    /// Tokens of the longest sequence at the end of a generation, unless it ends earlier.
    All,
    /// A length the model fixes: widths, heads, vocabulary.
    Fixed(usize),
}

impl Dim {
    /// The length, given those of the other axes.
    pub fn resolve(self, lengths: Lengths) -> usize {
        match self {
            Dim::B => lengths.b,
            Dim::S => lengths.s,
            Dim::Keys => lengths.keys,
            Dim::All => lengths.all,
            Dim::Fixed(n) => n,
        }
    }
}

/// What the axes of sites stand for at one step of an invoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lengths {
    /// Rows.
    pub b: usize,
    /// Tokens of this step.
    pub s: usize,
    /// Tokens of this step and the steps before.
    pub keys: usize,
    /// Tokens when the generation ends, at most.
    pub all: usize,
}

impl std::fmt::Display for Dim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Dim::Fixed(n) => write!(f, "{n}"),
            axis => f.write_str(axis.name()),
        }
    }
}

impl Dim {
    const NAMED: [Dim; 4] = [Dim::B, Dim::S, Dim::Keys, Dim::All];

    fn name(self) -> &'static str {
        match self {
            Dim::B => "b",
            Dim::S => "s",
            Dim::Keys => "keys",
            Dim::All => "all",
            Dim::Fixed(_) => "",
        }
    }
}

impl Serialize for Dim {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Dim::Fixed(n) => s.serialize_u64(*n as u64),
            axis => s.serialize_str(axis.name()),
        }
    }
}

impl<'de> Deserialize<'de> for Dim {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Raw {
            Name(String),
            Len(usize),
        }
        match Raw::deserialize(d)? {
            Raw::Len(n) => Ok(Dim::Fixed(n)),
            Raw::Name(s) => match Dim::NAMED.into_iter().find(|axis| axis.name() == s) {
                Some(axis) => Ok(axis),
                None => Err(serde::de::Error::custom(format!("unknown axis `{s}`"))),
            },
        }
    }
}

/// Prints a symbolic shape as `[b, s, 576]`.
pub fn format_dims(dims: &[Dim]) -> String {
    let parts: Vec<String> = dims.iter().map(Dim::to_string).collect();
    format!("[{}]", parts.join(", "))
}

/// The shape two operands broadcast to, or `None`.
pub fn broadcast(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let rank = a.len().max(b.len());
    let axis = |s: &[usize], i: usize| {
        let missing = rank - s.len();
        if i < missing { 1 } else { s[i - missing] }
    };
    (0..rank)
        .map(|i| match (axis(a, i), axis(b, i)) {
            (x, y) if x == y => Some(x),
            (1, y) => Some(y),
            (x, 1) => Some(x),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broadcasts_from_the_right() {
        assert_eq!(broadcast(&[2, 1, 3], &[4, 1]), Some(vec![2, 4, 3]));
        assert_eq!(broadcast(&[], &[5]), Some(vec![5]));
        assert_eq!(broadcast(&[0], &[1]), Some(vec![0]));
        assert_eq!(broadcast(&[2], &[3]), None);
    }

    #[test]
    fn an_open_axis_admits_shorter_ones() {
        let t = TensorType::new(DType::F32, [9, 4]).opened(0);
        assert_eq!(t.to_string(), "f32[<=9, 4]");
        for (shape, want) in [([9, 4], true), ([0, 4], true), ([10, 4], false), ([9, 3], false)] {
            assert_eq!(t.admits(&TensorType::new(DType::F32, shape)), want, "{shape:?}");
        }
    }

    #[test]
    fn sizes_do_not_overflow() {
        let t = TensorType::new(DType::F32, [usize::MAX, 2]);
        assert_eq!(t.numel(), None);
        assert_eq!(TensorType::new(DType::F32, []).bytes(), Some(4));
    }
}
