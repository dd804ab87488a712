//! What layers of networks do: linear maps, embeddings, normalization, attention.

use super::operands::{floating, not_bool};
use super::products::common_dtype;
use super::reduce::no_empty_axis;
use super::{Types, along_float, one, same};
use crate::op::{Arg, Call};
use crate::shape::broadcast;
use crate::{Code, DType, Result, TensorType};

/// `linear(input, weight, bias)`: the last axis times a `[out, in]` matrix, or a vector without bias.
pub fn linear(c: &Call<'_>) -> Types {
    let (x, w) = (c.ty(0), c.ty(1));
    let dtype = common_dtype(c, &[x, w])?;
    let mismatch = || {
        let message = format!("`weight` of shape {:?} does not fit `input` of {:?}", w.shape, x.shape);
        c.fault(Code::ShapeMismatch, message).help("`weight` is [out, in], `in` the input's last axis")
    };
    let ([head @ .., d], [tail @ .., k]) = (x.shape.as_slice(), w.shape.as_slice()) else {
        return Err(mismatch());
    };
    if d != k || tail.len() > 1 {
        return Err(mismatch());
    }
    let shape = [head, tail].concat();
    if let Arg::Value(v) = c.args[2] {
        let bias = c.type_of(v);
        common_dtype(c, &[x, bias])?;
        if w.rank() == 1 {
            return Err(c.fault(Code::ShapeMismatch, format!("a bias needs a `weight` of 2 axes, got {w}")));
        }
        if broadcast(&bias.shape, &shape).as_ref() != Some(&shape) {
            let message = format!("`bias` of shape {:?} does not expand to {shape:?}", bias.shape);
            return Err(c.fault(Code::ShapeMismatch, message));
        }
    }
    one(dtype, shape)
}

/// `embedding(input, weight)`: rows of a table.
pub fn embedding(c: &Call<'_>) -> Types {
    let (ids, table) = (c.ty(0), c.ty(1));
    if !matches!(ids.dtype, DType::I64 | DType::I32) {
        return Err(c.fault(Code::DTypeMismatch, format!("`input` must be i64 or i32, got {ids}")));
    }
    match table.shape.as_slice() {
        [_, d] => one(table.dtype, [ids.shape.as_slice(), &[*d]].concat()),
        _ => Err(c.fault(Code::ShapeMismatch, format!("`weight` must have 2 axes, got {table}"))),
    }
}

/// `normalize(input, p, dim, eps)`.
pub fn normalize(c: &Call<'_>) -> Types {
    floating(c, c.ty(0))?;
    let dims = c.dims(2, c.ty(0).rank())?;
    if c.number(1).is_some_and(|p| p < 0.0 || p == f64::INFINITY) {
        no_empty_axis(c, &dims)?;
    }
    same(c)
}

/// `softmin(input, dim, dtype)`: integers only on their way to another dtype.
pub fn softmin(c: &Call<'_>) -> Types {
    match c.dtype(2) {
        Some(_) => not_bool(c, c.ty(0))?,
        None => floating(c, c.ty(0))?,
    }
    along_float(c)
}

/// `glu(input, dim)`: one half of an axis gates the other.
pub fn glu(c: &Call<'_>) -> Types {
    floating(c, c.ty(0))?;
    let t = c.ty(0);
    let dim = c.dim(1, t.rank())?;
    match t.shape.get(dim) {
        Some(n) if n % 2 == 0 => {
            let mut shape = t.shape.clone();
            shape[dim] /= 2;
            one(t.dtype, shape)
        }
        _ => Err(c.fault(Code::ShapeMismatch, format!("dim {dim} of {t} must have an even length"))),
    }
}

/// `group_norm(input, num_groups, weight, bias, eps)`: channels in axis 1.
pub fn group_norm(c: &Call<'_>) -> Types {
    floating(c, c.ty(0))?;
    let t = c.ty(0);
    let [_, channels, rest @ ..] = t.shape.as_slice() else {
        return Err(c.fault(Code::ShapeMismatch, format!("`input` must have at least 2 axes, got {t}")));
    };
    let groups = c.int(1).unwrap_or(0);
    if groups <= 0 || !(*channels as u64).is_multiple_of(groups as u64) {
        let message = format!("`num_groups` must divide the {channels} channels of {t}, got {groups}");
        return Err(c.fault(Code::BadArgument, message));
    }
    if rest.contains(&0) {
        return Err(c.fault(Code::ShapeMismatch, format!("an axis of length 0 in {t}")));
    }
    for i in [2, 3] {
        let Arg::Value(v) = c.args[i] else { continue };
        let given = c.type_of(v);
        let half = matches!(t.dtype, DType::F16 | DType::Bf16) && given.dtype == DType::F32;
        if given.shape != [*channels] || given.dtype != t.dtype && !half {
            let want = TensorType::new(t.dtype, [*channels]);
            let message = format!("`{}` must be {want}, got {given}", c.def.params[i].name);
            return Err(c.fault(Code::ShapeMismatch, message));
        }
    }
    same(c)
}

/// `scaled_dot_product_attention(query, key, value, attn_mask, dropout_p, is_causal, scale, enable_gqa)`.
pub fn attention(c: &Call<'_>) -> Types {
    let [q, k, v] = [0, 1, 2].map(|i| c.ty(i));
    floating(c, c.ty(0))?;
    common_dtype(c, &[q, k, v])?;
    if c.number(4) != Some(0.0) {
        let diagnostic = c.fault(Code::BadArgument, "`dropout_p` must be 0: a trace draws nothing by chance");
        return Err(diagnostic);
    }
    let mismatch = || {
        let message = format!("query {:?}, key {:?} and value {:?} do not fit", q.shape, k.shape, v.shape);
        c.fault(Code::ShapeMismatch, message).help("[..., s, d], [..., t, d] and [..., t, e] do")
    };
    let ([q_batch @ .., s, d], [k_batch @ .., t, dk], [v_batch @ .., tv, e]) =
        (q.shape.as_slice(), k.shape.as_slice(), v.shape.as_slice())
    else {
        return Err(mismatch());
    };
    if d != dk || t != tv {
        return Err(mismatch());
    }
    let batch = match c.flag(7) {
        true => grouped_batch(q_batch, k_batch, v_batch),
        false => broadcast(q_batch, k_batch).and_then(|b| broadcast(&b, v_batch)),
    };
    let batch = batch.ok_or_else(mismatch)?;
    check_mask(c, &[batch.as_slice(), &[*s, *t]].concat())?;
    one(q.dtype, [batch.as_slice(), &[*s, *e]].concat())
}

/// With grouped queries each head of keys and of values serves several heads of queries.
fn grouped_batch(q: &[usize], k: &[usize], v: &[usize]) -> Option<Vec<usize>> {
    let heads = *q.last()?;
    let repeated = |b: &[usize]| {
        let (own, rest) = b.split_last()?;
        (*own > 0 && heads.is_multiple_of(*own)).then(|| [rest, &[heads]].concat())
    };
    broadcast(q, &repeated(k)?).and_then(|b| broadcast(&b, &repeated(v)?))
}

fn check_mask(c: &Call<'_>, scores: &[usize]) -> Result<()> {
    let Arg::Value(v) = c.args[3] else { return Ok(()) };
    let mask = c.type_of(v);
    if c.flag(5) {
        return Err(c.fault(Code::BadArgument, "takes `attn_mask` or `is_causal`, not both"));
    }
    if !(mask.dtype == DType::Bool || mask.dtype == DType::F32 || mask.dtype == c.ty(0).dtype) {
        let message = format!("`attn_mask` must be bool, f32 or the query's type, got {mask}");
        return Err(c.fault(Code::DTypeMismatch, message));
    }
    match broadcast(&mask.shape, scores).as_deref() == Some(scores) {
        true => Ok(()),
        false => {
            let message = format!("`attn_mask` of shape {:?} does not expand to {scores:?}", mask.shape);
            Err(c.fault(Code::ShapeMismatch, message))
        }
    }
}
