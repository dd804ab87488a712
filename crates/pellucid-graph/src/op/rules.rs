//! Shape and dtype rules that rows of the table share.

use super::{Arg, Call, IndexItem, Operand, resolve_index};
use crate::dtype::Category;
use crate::shape::broadcast;
use crate::{Code, DType, Result, TensorType};

type Types = Result<Vec<TensorType>>;

fn one(dtype: DType, shape: impl Into<Vec<usize>>) -> Types {
    Ok(vec![TensorType::new(dtype, shape)])
}

/// Same shape and dtype as the first argument.
pub fn same(c: &Call<'_>) -> Types {
    Ok(vec![c.ty(0).clone()])
}

/// Same shape; integers become f32.
pub fn float_unary(c: &Call<'_>) -> Types {
    one(c.ty(0).dtype.to_float(), c.ty(0).shape.clone())
}

/// Same shape; bool is refused, as PyTorch does for `neg`.
pub fn numeric_unary(c: &Call<'_>) -> Types {
    match c.ty(0).dtype {
        DType::Bool => Err(c.fault(Code::DTypeMismatch, "takes numbers, got bool")),
        _ => same(c),
    }
}

/// Same shape, bool.
pub fn to_bool(c: &Call<'_>) -> Types {
    one(DType::Bool, c.ty(0).shape.clone())
}

/// Broadcast shape of the operands at `i` and `j`, and their common dtype.
fn binary_type(c: &Call<'_>, i: usize, j: usize) -> Result<TensorType> {
    let (dtype, shape) = match (c.operand(i), c.operand(j)) {
        (Operand::Tensor(a), Operand::Tensor(b)) => {
            let shape = broadcast(&a.shape, &b.shape).ok_or_else(|| {
                let message = format!("shapes {:?} and {:?} do not broadcast", a.shape, b.shape);
                c.fault(Code::ShapeMismatch, message)
            })?;
            (promote_tensors(a, b), shape)
        }
        (Operand::Tensor(a), Operand::Number(n)) | (Operand::Number(n), Operand::Tensor(a)) => {
            (a.dtype.promote_scalar(n), a.shape.clone())
        }
        (Operand::Number(a), Operand::Number(b)) => (DType::Bool.promote_scalar(a.max(b)), Vec::new()),
    };
    Ok(TensorType::new(dtype, shape))
}

/// A 0-d tensor does not widen a tensor with axes within one category, as in PyTorch.
fn promote_tensors(a: &TensorType, b: &TensorType) -> DType {
    let (lead, other) = match (a.rank(), b.rank()) {
        (0, r) if r > 0 => (b, a),
        (r, 0) if r > 0 => (a, b),
        _ => return a.dtype.promote(b.dtype),
    };
    match other.dtype.category() <= lead.dtype.category() {
        true => lead.dtype,
        false => lead.dtype.promote(other.dtype),
    }
}

/// Arithmetic: broadcast, promote.
pub fn arithmetic(c: &Call<'_>) -> Types {
    Ok(vec![binary_type(c, 0, 1)?])
}

/// True division and other functions whose result is floating.
pub fn float_binary(c: &Call<'_>) -> Types {
    let t = binary_type(c, 0, 1)?;
    one(t.dtype.to_float(), t.shape)
}

/// Subtraction refuses bool, as PyTorch does.
pub fn subtract(c: &Call<'_>) -> Types {
    let t = binary_type(c, 0, 1)?;
    match t.dtype {
        DType::Bool => Err(c.fault(Code::DTypeMismatch, "takes numbers, got bool")),
        _ => Ok(vec![t]),
    }
}

/// Comparison: broadcast, bool.
pub fn comparison(c: &Call<'_>) -> Types {
    one(DType::Bool, binary_type(c, 0, 1)?.shape)
}

/// `clamp(input, min, max)`.
pub fn clamp(c: &Call<'_>) -> Types {
    if c.args[1] == Arg::None && c.args[2] == Arg::None {
        return Err(c.fault(Code::BadArgument, "needs `min` or `max`"));
    }
    let mut t = c.ty(0).clone();
    for i in [1, 2] {
        t.dtype = match c.operand(i) {
            _ if c.args[i] == Arg::None => t.dtype,
            Operand::Number(n) => t.dtype.promote_scalar(n),
            Operand::Tensor(bound) => {
                scalar_operand(c, i)?;
                promote_tensors(&t, bound)
            }
        };
    }
    Ok(vec![t])
}

/// Refuses a tensor with axes where one number is meant.
fn scalar_operand(c: &Call<'_>, i: usize) -> Result<()> {
    match c.operand(i) {
        Operand::Tensor(v) if v.rank() > 0 => {
            let message = format!("`{}` must be a number or 0-d, got {v}", c.def.params[i].name);
            Err(c.fault(Code::ShapeMismatch, message))
        }
        _ => Ok(()),
    }
}

/// `where(condition, input, other)`.
pub fn select(c: &Call<'_>) -> Types {
    if c.ty(0).dtype != DType::Bool {
        return Err(c.fault(Code::DTypeMismatch, format!("`condition` must be bool, got {}", c.ty(0))));
    }
    let t = binary_type(c, 1, 2)?;
    let shape = broadcast(&c.ty(0).shape, &t.shape).ok_or_else(|| {
        let message = format!("shapes {:?} and {:?} do not broadcast", c.ty(0).shape, t.shape);
        c.fault(Code::ShapeMismatch, message)
    })?;
    one(t.dtype, shape)
}

/// `masked_fill(input, mask, value)`.
pub fn masked_fill(c: &Call<'_>) -> Types {
    let (t, mask) = (c.ty(0), c.ty(1));
    if mask.dtype != DType::Bool {
        return Err(c.fault(Code::DTypeMismatch, format!("`mask` must be bool, got {mask}")));
    }
    scalar_operand(c, 2)?;
    if let Operand::Number(n) = c.operand(2)
        && t.dtype.promote_scalar(n) != t.dtype
    {
        return Err(c.fault(Code::DTypeMismatch, format!("`value` does not fit in {}", t.dtype)));
    }
    let shape = broadcast(&t.shape, &mask.shape).ok_or_else(|| {
        let message = format!("shapes {:?} and {:?} do not broadcast", t.shape, mask.shape);
        c.fault(Code::ShapeMismatch, message)
    })?;
    one(t.dtype, shape)
}

fn reduced(c: &Call<'_>, dims: &[usize], keepdim: bool) -> Vec<usize> {
    let axes = c.ty(0).shape.iter().enumerate();
    axes.filter_map(|(i, &n)| match dims.contains(&i) {
        true => keepdim.then_some(1),
        false => Some(n),
    })
    .collect()
}

/// `sum(input, dim, keepdim)`: bool and integers add up in i64.
pub fn sum(c: &Call<'_>) -> Types {
    let dtype = if c.ty(0).dtype.is_float() { c.ty(0).dtype } else { DType::I64 };
    one(dtype, reduced(c, &c.dims(1, c.ty(0).rank())?, c.flag(2)))
}

/// `mean` and its like: floating input only.
pub fn float_reduction(c: &Call<'_>) -> Types {
    let t = c.ty(0);
    if !t.dtype.is_float() {
        let diagnostic = c.fault(Code::DTypeMismatch, format!("takes floating types, got {t}"));
        return Err(diagnostic.help("`.float()` converts"));
    }
    one(t.dtype, reduced(c, &c.dims(1, t.rank())?, c.flag(2)))
}

/// `var(input, dim, correction, keepdim)`.
pub fn variance(c: &Call<'_>) -> Types {
    let t = c.ty(0);
    if !t.dtype.is_float() {
        return Err(c.fault(Code::DTypeMismatch, format!("takes floating types, got {t}")));
    }
    one(t.dtype, reduced(c, &c.dims(1, t.rank())?, c.flag(3)))
}

/// `norm(input, p, dim, keepdim)`.
pub fn norm(c: &Call<'_>) -> Types {
    let t = c.ty(0);
    if !t.dtype.is_float() {
        return Err(c.fault(Code::DTypeMismatch, format!("takes floating types, got {t}")));
    }
    one(t.dtype, reduced(c, &c.dims(2, t.rank())?, c.flag(3)))
}

/// `amax(input, dim, keepdim)`: an axis of length 0 has no largest element.
pub fn extremum(c: &Call<'_>) -> Types {
    let dims = c.dims(1, c.ty(0).rank())?;
    no_empty_axis(c, &dims)?;
    one(c.ty(0).dtype, reduced(c, &dims, c.flag(2)))
}

/// `any(input, dim, keepdim)`.
pub fn truth(c: &Call<'_>) -> Types {
    one(DType::Bool, reduced(c, &c.dims(1, c.ty(0).rank())?, c.flag(2)))
}

/// `argmax(input, dim, keepdim)`: without an axis, the position in the flattened tensor.
pub fn arg_extremum(c: &Call<'_>) -> Types {
    let dims = match c.int(1) {
        Some(dim) => vec![c.axis(dim, c.ty(0).rank())?],
        None => (0..c.ty(0).rank()).collect(),
    };
    no_empty_axis(c, &dims)?;
    one(DType::I64, reduced(c, &dims, c.flag(2)))
}

fn no_empty_axis(c: &Call<'_>, dims: &[usize]) -> Result<()> {
    match dims.iter().any(|&d| c.ty(0).shape.get(d) == Some(&0)) {
        true => Err(c.fault(Code::ShapeMismatch, format!("an axis of length 0 in {}", c.ty(0)))),
        false => Ok(()),
    }
}

/// `softmax(input, dim)`, `cumsum(input, dim)`: the axis must exist; integers become f32.
pub fn along_float(c: &Call<'_>) -> Types {
    c.dim(1, c.ty(0).rank())?;
    float_unary(c)
}

/// `cumsum(input, dim)`: integers add up in i64.
pub fn cumulative(c: &Call<'_>) -> Types {
    c.dim(1, c.ty(0).rank())?;
    let dtype = if c.ty(0).dtype.is_float() { c.ty(0).dtype } else { DType::I64 };
    one(dtype, c.ty(0).shape.clone())
}

/// `matmul(input, other)`: vectors, matrices, broadcast batches of matrices.
pub fn matmul(c: &Call<'_>) -> Types {
    let (a, b) = (c.ty(0), c.ty(1));
    let mismatch = || {
        let message = format!("shapes {:?} and {:?} cannot be multiplied", a.shape, b.shape);
        c.fault(Code::ShapeMismatch, message)
    };
    if a.dtype != b.dtype {
        let diagnostic = c.fault(Code::DTypeMismatch, format!("element types differ: {a} and {b}"));
        return Err(diagnostic.help("`.to(...)` converts one of them"));
    }
    if a.rank() == 0 || b.rank() == 0 {
        return Err(mismatch());
    }
    let (a_batch, a_mat) = a.shape.split_at(a.rank().saturating_sub(2));
    let (b_batch, b_mat) = b.shape.split_at(b.rank().saturating_sub(2));
    let inner_b = b_mat[b_mat.len().saturating_sub(2)];
    if a_mat[a_mat.len() - 1] != inner_b {
        return Err(mismatch());
    }
    let mut shape = broadcast(a_batch, b_batch).ok_or_else(mismatch)?;
    if a_mat.len() == 2 {
        shape.push(a_mat[0]);
    }
    if b_mat.len() == 2 {
        shape.push(b_mat[1]);
    }
    one(a.dtype, shape)
}

/// `reshape(input, shape)`: one length may be -1.
pub fn reshape(c: &Call<'_>) -> Types {
    let t = c.ty(0);
    let want = c.ints(1).unwrap_or_default();
    let numel = t.numel().unwrap_or(0) as i64;
    let bad = || c.fault(Code::ShapeMismatch, format!("shape {:?} cannot become {want:?}", t.shape));
    if want.iter().any(|&n| n < -1) || want.iter().filter(|&&n| n == -1).count() > 1 {
        return Err(bad());
    }
    let known = want.iter().filter(|&&n| n >= 0).try_fold(1i64, |p, &n| p.checked_mul(n)).ok_or_else(bad)?;
    let fill = match want.contains(&-1) {
        true if known > 0 && numel % known == 0 => numel / known,
        true => return Err(bad()),
        false if known == numel => 0,
        false => return Err(bad()),
    };
    let shape: Vec<usize> = want.iter().map(|&n| if n == -1 { fill } else { n } as usize).collect();
    one(t.dtype, shape)
}

/// `flatten(input, start_dim, end_dim)`.
pub fn flatten(c: &Call<'_>) -> Types {
    let t = c.ty(0);
    let (start, end) = (c.dim(1, t.rank())?, c.dim(2, t.rank())?);
    if start > end {
        return Err(c.fault(Code::BadArgument, "`start_dim` comes after `end_dim`"));
    }
    if t.rank() == 0 {
        return one(t.dtype, [1]);
    }
    let mut shape = t.shape[..start].to_vec();
    shape.push(t.shape[start..=end].iter().product());
    shape.extend(&t.shape[end + 1..]);
    one(t.dtype, shape)
}

/// `permute(input, dims)`.
pub fn permute(c: &Call<'_>) -> Types {
    let t = c.ty(0);
    let dims = c.ints(1).unwrap_or_default();
    let axes = dims.iter().map(|&d| c.axis(d, t.rank())).collect::<Result<Vec<_>>>()?;
    let mut sorted = axes.clone();
    sorted.sort_unstable();
    if sorted != (0..t.rank()).collect::<Vec<_>>() {
        let message = format!("`dims` must name each of the {} axes once, got {dims:?}", t.rank());
        return Err(c.fault(Code::BadArgument, message));
    }
    one(t.dtype, axes.iter().map(|&a| t.shape[a]).collect::<Vec<_>>())
}

/// `transpose(input, dim0, dim1)`.
pub fn transpose(c: &Call<'_>) -> Types {
    let t = c.ty(0);
    let (a, b) = (c.dim(1, t.rank())?, c.dim(2, t.rank())?);
    let mut shape = t.shape.clone();
    if !shape.is_empty() {
        shape.swap(a, b);
    }
    one(t.dtype, shape)
}

/// `unsqueeze(input, dim)`.
pub fn unsqueeze(c: &Call<'_>) -> Types {
    let t = c.ty(0);
    let at = c.dim(1, t.rank() + 1)?;
    let mut shape = t.shape.clone();
    shape.insert(at, 1);
    one(t.dtype, shape)
}

/// `squeeze(input, dim)`: drops axes of length 1.
pub fn squeeze(c: &Call<'_>) -> Types {
    let t = c.ty(0);
    let dims = c.dims(1, t.rank())?;
    let axes = t.shape.iter().enumerate();
    let shape: Vec<usize> = axes.filter(|(i, n)| **n != 1 || !dims.contains(i)).map(|(_, n)| *n).collect();
    one(t.dtype, shape)
}

/// `expand(input, shape)`: -1 keeps an axis.
pub fn expand(c: &Call<'_>) -> Types {
    let t = c.ty(0);
    let want = c.ints(1).unwrap_or_default();
    let bad = || c.fault(Code::ShapeMismatch, format!("shape {:?} cannot expand to {want:?}", t.shape));
    let extra = want.len().checked_sub(t.rank()).ok_or_else(bad)?;
    let axis = |(i, &n): (usize, &i64)| match (i.checked_sub(extra).map(|j| t.shape[j]), n) {
        (Some(have), -1) => Ok(have),
        (Some(have), n) if n >= 0 && (have == 1 || have == n as usize) => Ok(n as usize),
        (None, n) if n >= 0 => Ok(n as usize),
        _ => Err(bad()),
    };
    one(t.dtype, want.iter().enumerate().map(axis).collect::<Result<Vec<_>>>()?)
}

/// `cat(tensors, dim)`.
pub fn cat(c: &Call<'_>) -> Types {
    let list = c.list(0);
    let Some(first) = list.first() else {
        return Err(c.fault(Code::BadArgument, "needs at least one tensor"));
    };
    let dim = c.dim(1, first.rank())?;
    if first.rank() == 0 {
        let diagnostic = c.fault(Code::ShapeMismatch, "0-d tensors cannot be joined");
        return Err(diagnostic.help("`stack` makes a new axis"));
    }
    let mut out = (*first).clone();
    for t in &list[1..] {
        let same = t.rank() == out.rank() && (0..t.rank()).all(|i| i == dim || t.shape[i] == out.shape[i]);
        if !same {
            let message = format!("shapes {:?} and {:?} differ off dim {dim}", first.shape, t.shape);
            return Err(c.fault(Code::ShapeMismatch, message));
        }
        out.shape[dim] = out.shape[dim].saturating_add(t.shape[dim]);
        out.dtype = out.dtype.promote(t.dtype);
    }
    Ok(vec![out])
}

/// `stack(tensors, dim)`.
pub fn stack(c: &Call<'_>) -> Types {
    let list = c.list(0);
    let Some(first) = list.first() else {
        return Err(c.fault(Code::BadArgument, "needs at least one tensor"));
    };
    if let Some(t) = list.iter().find(|t| t.shape != first.shape) {
        let message = format!("shapes {:?} and {:?} differ", first.shape, t.shape);
        return Err(c.fault(Code::ShapeMismatch, message));
    }
    let dim = c.dim(1, first.rank() + 1)?;
    let mut shape = first.shape.clone();
    shape.insert(dim, list.len());
    one(list.iter().fold(first.dtype, |d, t| d.promote(t.dtype)), shape)
}

/// `index(input, index)`: what stands between brackets.
pub fn index(c: &Call<'_>) -> Types {
    one(c.ty(0).dtype, index_shape(c)?)
}

fn index_items<'a>(c: &'a Call<'_>) -> &'a [IndexItem] {
    match &c.args[1] {
        Arg::Index(items) => items,
        _ => &[],
    }
}

fn index_shape(c: &Call<'_>) -> Result<Vec<usize>> {
    resolve_index(index_items(c), &c.ty(0).shape, |v| c.type_of(v)).map(|r| r.shape)
}

/// `set_index(input, index, value)`: the value broadcasts to what the index takes.
pub fn set_index(c: &Call<'_>) -> Types {
    let (t, place) = (c.ty(0), index_shape(c)?);
    match c.operand(2) {
        Operand::Number(n) if t.dtype.category() < n && n == Category::Float => {
            let message = format!("a floating number cannot be written to {t}");
            Err(c.fault(Code::DTypeMismatch, message))
        }
        Operand::Tensor(v)
            if broadcast(&place, &leading_ones_dropped(&v.shape, place.len())) != Some(place.clone()) =>
        {
            let message = format!("a value of shape {:?} does not fit the place of shape {place:?}", v.shape);
            Err(c.fault(Code::ShapeMismatch, message))
        }
        _ => same(c),
    }
}

/// PyTorch lets a value have extra leading axes of length 1.
fn leading_ones_dropped(shape: &[usize], rank: usize) -> Vec<usize> {
    let extra = shape.len().saturating_sub(rank);
    let ones = shape.iter().take(extra).take_while(|n| **n == 1).count();
    shape[ones..].to_vec()
}

/// `gather(input, dim, index)`.
pub fn gather(c: &Call<'_>) -> Types {
    let (t, i) = (c.ty(0), c.ty(2));
    let dim = c.dim(1, t.rank())?;
    if i.dtype != DType::I64 {
        return Err(c.fault(Code::DTypeMismatch, format!("`index` must be i64, got {i}")));
    }
    let fits = i.rank() == t.rank() && (0..t.rank()).all(|a| a == dim || i.shape[a] <= t.shape[a]);
    match fits {
        true => one(t.dtype, i.shape.clone()),
        false => {
            let message = format!("an index of shape {:?} does not fit shape {:?}", i.shape, t.shape);
            Err(c.fault(Code::ShapeMismatch, message))
        }
    }
}

/// `index_select(input, dim, index)`.
pub fn index_select(c: &Call<'_>) -> Types {
    let (t, i) = (c.ty(0), c.ty(2));
    let dim = c.dim(1, t.rank())?;
    if i.dtype != DType::I64 || i.rank() > 1 {
        return Err(c.fault(Code::DTypeMismatch, format!("`index` must be i64 with one axis, got {i}")));
    }
    let mut shape = t.shape.clone();
    if !shape.is_empty() {
        shape[dim] = i.shape.first().copied().unwrap_or(1);
    }
    one(t.dtype, shape)
}

/// `topk(input, k, dim, largest)`: values and positions, sorted.
pub fn topk(c: &Call<'_>) -> Types {
    let t = c.ty(0);
    let (k, dim) = (c.int(1).unwrap_or(0), c.dim(2, t.rank())?);
    let n = t.shape.get(dim).copied().unwrap_or(1);
    if !(0..=n as i64).contains(&k) {
        return Err(c.fault(Code::BadArgument, format!("`k` must be 0 to {n} (dim {dim} of {t}), got {k}")));
    }
    let mut shape = t.shape.clone();
    if let Some(axis) = shape.get_mut(dim) {
        *axis = k as usize;
    }
    Ok(vec![TensorType::new(t.dtype, shape.clone()), TensorType::new(DType::I64, shape)])
}

/// `sort(input, dim, descending)`: values and positions.
pub fn sort(c: &Call<'_>) -> Types {
    c.dim(1, c.ty(0).rank())?;
    Ok(vec![c.ty(0).clone(), TensorType::new(DType::I64, c.ty(0).shape.clone())])
}

/// `max(input, dim, keepdim)` along one axis: values and positions.
pub fn extremum_with_index(c: &Call<'_>) -> Types {
    let dim = c.dim(1, c.ty(0).rank())?;
    no_empty_axis(c, &[dim])?;
    let shape = reduced(c, &[dim], c.flag(2));
    Ok(vec![TensorType::new(c.ty(0).dtype, shape.clone()), TensorType::new(DType::I64, shape)])
}

/// `to(input, dtype)`.
pub fn to(c: &Call<'_>) -> Types {
    one(c.dtype(1).unwrap_or(c.ty(0).dtype), c.ty(0).shape.clone())
}

/// `copy_into(input, value)`: the value, broadcast and converted to the first argument's type.
pub fn copy_into(c: &Call<'_>) -> Types {
    if let Operand::Tensor(v) = c.operand(1)
        && broadcast(&c.ty(0).shape, &v.shape).as_ref() != Some(&c.ty(0).shape)
    {
        let message = format!("a value of shape {:?} does not fit shape {:?}", v.shape, c.ty(0).shape);
        return Err(c.fault(Code::ShapeMismatch, message));
    }
    same(c)
}

/// `full_like(input, value, dtype)`.
pub fn full_like(c: &Call<'_>) -> Types {
    scalar_operand(c, 1)?;
    one(c.dtype(2).unwrap_or(c.ty(0).dtype), c.ty(0).shape.clone())
}

/// `layer_norm(input, normalized_shape, weight, bias, eps)` and `rms_norm`: trailing axes must match.
pub fn trailing_norm(c: &Call<'_>) -> Types {
    let t = c.ty(0);
    let given = c.ints(1).unwrap_or_default();
    let want: Vec<usize> = given.iter().map_while(|&n| n.try_into().ok()).collect();
    if want.is_empty() || want.len() < given.len() || !t.shape.ends_with(&want) {
        let message = format!("shape {:?} does not end with `normalized_shape` {given:?}", t.shape);
        return Err(c.fault(Code::ShapeMismatch, message));
    }
    for i in 2..c.args.len() {
        if let Arg::Value(v) = c.args[i]
            && c.type_of(v).shape != want
        {
            let message =
                format!("`{}` has shape {:?}, expected {want:?}", c.def.params[i].name, c.type_of(v).shape);
            return Err(c.fault(Code::ShapeMismatch, message));
        }
    }
    float_unary(c)
}

/// `cosine_similarity(x1, x2, dim)`.
pub fn cosine_similarity(c: &Call<'_>) -> Types {
    let t = binary_type(c, 0, 1)?;
    let dim = c.dim(2, t.rank())?;
    let mut shape = t.shape;
    if !shape.is_empty() {
        shape.remove(dim);
    }
    one(t.dtype.to_float(), shape)
}
