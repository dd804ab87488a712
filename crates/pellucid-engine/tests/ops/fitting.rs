//! Types that a rule takes where types drawn at random hardly ever meet: square matrices of full
//! precision, targets that number classes, operands of one inner length.

use pellucid_engine::tensor::Tensor;
use pellucid_graph::{DType, TensorType};

/// A type for one parameter of an operation that fits the tensors drawn before it.
pub fn fitting(op: &str, param: &str, made: &[Tensor]) -> Option<TensorType> {
    let first = made.first().map(Tensor::ty);
    let f32 = |shape: &[usize]| Some(TensorType::new(DType::F32, shape));
    let i64 = |shape: &[usize]| Some(TensorType::new(DType::I64, shape));
    match (op, param, first) {
        ("linalg_cross", ..) => f32(&[2, 3]),
        ("linalg_vector_norm", ..) => None,
        ("linalg_lstsq" | "linalg_solve", "B", Some(a)) => f32(&a.shape[..a.shape.len().saturating_sub(1)]),
        (op, ..) if op.starts_with("linalg_") => f32(&[2, 2]),
        ("bmm" | "baddbmm", "input" | "mat2" | "batch1" | "batch2", _) => f32(&[2, 3, 3]),
        ("mm" | "addmm", "input" | "mat1" | "mat2", _) | ("trace", ..) => f32(&[2, 2]),
        ("mv", "input", _) => f32(&[2, 3]),
        ("mv", "vec", _) | ("dot" | "outer" | "inner", ..) => f32(&[3]),
        ("tensordot", ..) | ("linear", "input" | "weight", _) | ("cdist", ..) => f32(&[2, 3]),
        ("linear", "bias", _) => f32(&[2]),
        ("embedding", "input", _) => i64(&[2, 2]),
        ("embedding", "weight", _) => f32(&[2, 3]),
        ("nll_loss" | "cross_entropy", "input", _) => f32(&[3, 2]),
        ("nll_loss" | "cross_entropy", "target", _) => i64(&[3]),
        ("nll_loss" | "cross_entropy" | "group_norm", "weight" | "bias", _) => f32(&[2]),
        ("group_norm", ..) => f32(&[3, 2]),
        ("glu", ..) => f32(&[2, 2]),
        (_, "input" | "target", _) if op.starts_with("binary_cross_entropy") => f32(&[2, 3]),
        (_, "weight" | "pos_weight", _) if op.starts_with("binary_cross_entropy") => f32(&[3]),
        ("scaled_dot_product_attention", "attn_mask", _) => f32(&[2, 2]),
        ("scaled_dot_product_attention", ..) => f32(&[3, 2, 2]),
        ("kl_div" | "mse_loss" | "smooth_l1_loss" | "huber_loss" | "normalize" | "softmin", ..) => {
            f32(&[2, 3])
        }
        _ => None,
    }
}
