//! What layers do beside linear maps: embeddings, gates, groups of channels.

use pellucid_graph::{Code, DType};

use super::Out;
use super::along::{Lines, each_line};
use super::cast::cast;
use super::compute::{Compute, Float};
use super::dispatch::{compute_dtype, each_float, each_stored};
use super::inputs::Inputs;
use super::sums::{average, variance};

/// Rows of a table; a negative position is outside it, as in PyTorch.
pub fn embedding(x: &Inputs<'_>) -> Out {
    let (ids, table) = (cast(x.tensor(0), DType::I64), x.tensor(1));
    let (rows, d) = (table.shape()[0], table.shape()[1]);
    let ids = ids.slice::<i64>();
    if let Some(id) = ids.iter().find(|id| usize::try_from(**id).map_or(true, |id| id >= rows)) {
        let message = format!("position {id} is outside the {rows} rows of `weight`");
        return Err(x.call.fault(Code::IndexOutOfRange, message).into());
    }
    each_stored!(table.dtype(), T => {
        let data = table.slice::<T>();
        x.one(ids.iter().flat_map(|id| &data[*id as usize * d..][..d]).copied().collect::<Vec<T>>())
    })
}

pub fn softmin(x: &Inputs<'_>) -> Out {
    each_float!(x.out[0].dtype, C => each_line(x, |line: &[C], out| {
        let minus: Vec<C> = line.iter().map(|v| -v).collect();
        super::along::softmax_line(&minus, out);
    }))
}

/// Dauphin et al., "Language Modeling with Gated Convolutional Networks".
pub fn glu(x: &Inputs<'_>) -> Out {
    let (ty, t) = (&x.out[0], x.wide());
    let lines = Lines::new(&t, x.axis(1, t.shape().len())?);
    let half = lines.len() / 2;
    each_float!(ty.dtype, C => {
        let mut out: Vec<C> = Vec::with_capacity(t.numel() / 2);
        for line in lines.iter::<C>() {
            let (values, gates) = line.split_at(half);
            out.extend(values.iter().zip(gates).map(|(v, g)| v / (1.0 + Float::exp(-*g))));
        }
        Ok(vec![cast(&lines.back(out, &ty.shape), ty.dtype)])
    })
}

/// Wu and He, "Group Normalization": statistics in f64 over the channels of a group.
pub fn group_norm(x: &Inputs<'_>) -> Out {
    let (t, eps) = (x.wide(), x.float(4));
    let dtype = compute_dtype(x.out[0].dtype);
    let (batch, channels) = (t.shape()[0], t.shape()[1]);
    let width: usize = t.shape()[2..].iter().product(); // of one channel
    let groups = x.call.int(1).unwrap_or(1) as usize;
    let n = channels / groups * width;
    let given = |i: usize| x.optional(i).map(|t| cast(t, dtype));
    let (weight, bias) = (given(2), given(3));
    each_float!(x.out[0].dtype, C => {
        let (weight, bias) = (weight.as_ref().map(|w| w.slice::<C>()), bias.as_ref().map(|b| b.slice::<C>()));
        let mut out: Vec<C> = Vec::with_capacity(t.numel());
        for (i, group) in (0..batch * groups).map(|i| (i, &t.slice::<C>()[i * n..(i + 1) * n])) {
            let (mean, scale) = (average(group) as C, (1.0 / (variance(group, 0) + eps).sqrt()) as C);
            out.extend(group.iter().enumerate().map(|(j, v)| {
                let channel = i % groups * (channels / groups) + j / width;
                let unit = v.minus(mean).times(scale);
                let scaled = weight.map_or(unit, |w| unit.times(w[channel]));
                bias.map_or(scaled, |b| scaled.plus(b[channel]))
            }));
        }
        x.one(out)
    })
}
