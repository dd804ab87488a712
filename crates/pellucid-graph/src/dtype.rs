//! Element types and PyTorch's promotion rules.
//!
//! A type has a category (bool < integer < float). Two tensors promote to the larger type of the
//! larger category; a plain number (`h * 0.5`) only lifts the category, never the width.

use serde::{Deserialize, Serialize};

/// Element type of a tensor, spelled as in safetensors and the text form (`f32`, `i64`, ...).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum DType {
    /// Truth values, one byte each.
    Bool,
    /// Unsigned bytes.
    U8,
    /// Signed 32-bit integers.
    I32,
    /// Signed 64-bit integers: token ids, indices, counts.
    I64,
    /// IEEE half precision.
    F16,
    /// bfloat16: f32's range with 8 bits of precision.
    Bf16,
    /// Single precision, what activations are by default.
    F32,
    /// Double precision.
    F64,
}

/// The lattice that a plain number takes part in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    /// `bool`.
    Bool,
    /// Any integer type.
    Int,
    /// Any floating type.
    Float,
}

impl DType {
    /// Every type, in the order of the enum.
    pub const ALL: [DType; 8] =
        [DType::Bool, DType::U8, DType::I32, DType::I64, DType::F16, DType::Bf16, DType::F32, DType::F64];

    /// The short name: `f32`, `bf16`, `i64`, `bool` ...
    pub fn name(self) -> &'static str {
        match self {
            DType::Bool => "bool",
            DType::U8 => "u8",
            DType::I32 => "i32",
            DType::I64 => "i64",
            DType::F16 => "f16",
            DType::Bf16 => "bf16",
            DType::F32 => "f32",
            DType::F64 => "f64",
        }
    }

    /// Reads a short name or PyTorch's long one (`float32`, `torch.float32`, `half`, `long`).
    pub fn parse(name: &str) -> Option<DType> {
        let name = name.strip_prefix("torch.").unwrap_or(name);
        DType::ALL.into_iter().find(|d| d.name() == name).or(match name {
            "uint8" => Some(DType::U8),
            "int32" | "int" => Some(DType::I32),
            "int64" | "long" => Some(DType::I64),
            "float16" | "half" => Some(DType::F16),
            "bfloat16" => Some(DType::Bf16),
            "float32" | "float" => Some(DType::F32),
            "float64" | "double" => Some(DType::F64),
            _ => None,
        })
    }

    /// Bytes of one element.
    pub fn size(self) -> usize {
        match self {
            DType::Bool | DType::U8 => 1,
            DType::F16 | DType::Bf16 => 2,
            DType::I32 | DType::F32 => 4,
            DType::I64 | DType::F64 => 8,
        }
    }

    /// Which of bool, integer, float this is.
    pub fn category(self) -> Category {
        match self {
            DType::Bool => Category::Bool,
            DType::U8 | DType::I32 | DType::I64 => Category::Int,
            _ => Category::Float,
        }
    }

    /// True for the floating types.
    pub fn is_float(self) -> bool {
        self.category() == Category::Float
    }

    /// The type two tensors meet in.
    pub fn promote(self, other: DType) -> DType {
        match (self, other) {
            (DType::F16, DType::Bf16) | (DType::Bf16, DType::F16) => DType::F32,
            _ => self.max(other),
        }
    }

    /// The type of a tensor combined with a plain number of the given category.
    pub fn promote_scalar(self, scalar: Category) -> DType {
        if scalar <= self.category() {
            return self;
        }
        match scalar {
            Category::Bool => DType::Bool,
            Category::Int => DType::I64,
            Category::Float => DType::F32,
        }
    }

    /// What sums and products of this type are kept in: i64 for bool and integers.
    pub fn to_total(self) -> DType {
        if self.is_float() { self } else { DType::I64 }
    }

    /// What a floating function (`exp`, `mean`) returns for this input.
    pub fn to_float(self) -> DType {
        if self.is_float() { self } else { DType::F32 }
    }
}

impl std::fmt::Display for DType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promotes_as_torch_does() {
        let cases = [
            (DType::Bool, DType::U8, DType::U8),
            (DType::I64, DType::F16, DType::F16),
            (DType::F16, DType::Bf16, DType::F32),
            (DType::Bf16, DType::F32, DType::F32),
            (DType::I32, DType::I64, DType::I64),
        ];
        for (a, b, want) in cases {
            assert_eq!(a.promote(b), want, "{a} with {b}");
            assert_eq!(b.promote(a), want, "{b} with {a}");
        }
        assert_eq!(DType::F16.promote_scalar(Category::Float), DType::F16);
        assert_eq!(DType::I64.promote_scalar(Category::Float), DType::F32);
        assert_eq!(DType::Bool.promote_scalar(Category::Int), DType::I64);
    }

    #[test]
    fn names_round_trip() {
        for d in DType::ALL {
            assert_eq!(DType::parse(d.name()), Some(d));
        }
        assert_eq!(DType::parse("torch.bfloat16"), Some(DType::Bf16));
        assert_eq!(DType::parse("complex64"), None);
    }
}
