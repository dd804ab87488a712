//! Factorizations, and the values that come of them.

use pellucid_graph::Code;
use pellucid_kernels::{self as kernels, NotPositive};

use super::{Batch, Error, Inputs, Out, item, not_finite, transposed};

pub fn svd(x: &Inputs<'_>) -> Out {
    let a = Batch::of(x.tensor(0));
    let (mut u, mut s, mut vh) = (Vec::new(), Vec::new(), Vec::new());
    for (i, matrix) in a.iter().enumerate() {
        let found = kernels::svd(matrix, a.m, a.n, x.call.flag(1)).ok_or_else(|| not_finite(x, i))?;
        u.extend(found.u);
        s.extend(found.s);
        vh.extend(found.vh);
    }
    Ok(vec![x.result(0, u), x.result(1, s), x.result(2, vh)])
}

pub fn svdvals(x: &Inputs<'_>) -> Out {
    let a = Batch::of(x.tensor(0));
    x.one(all_singular_values(x, &a)?.concat())
}

/// The singular values of every matrix.
pub fn all_singular_values(x: &Inputs<'_>, a: &Batch) -> Result<Vec<Vec<f64>>, Error> {
    a.iter()
        .enumerate()
        .map(|(i, m)| kernels::singular_values(m, a.m, a.n).ok_or_else(|| not_finite(x, i)))
        .collect()
}

pub fn qr(x: &Inputs<'_>) -> Out {
    let a = Batch::of(x.tensor(0));
    let (mut q, mut r) = (Vec::new(), Vec::new());
    for matrix in a.iter() {
        let found = kernels::qr(matrix, a.m, a.n, x.call.word(1) == "complete");
        if x.call.word(1) != "r" {
            q.extend(found.0);
        }
        r.extend(found.1);
    }
    Ok(vec![x.result(0, q), x.result(1, r)])
}

pub fn eigh(x: &Inputs<'_>) -> Out {
    let a = Batch::of(x.tensor(0));
    let lower = x.call.word(1).eq_ignore_ascii_case("l");
    let (values, vectors): (Vec<_>, Vec<_>) = a.iter().map(|m| kernels::eigh(m, a.n, lower)).unzip();
    Ok(vec![x.result(0, values.concat()), x.result(1, vectors.concat())])
}

pub fn eigvalsh(x: &Inputs<'_>) -> Out {
    let a = Batch::of(x.tensor(0));
    let lower = x.call.word(1).eq_ignore_ascii_case("l");
    x.one(a.iter().flat_map(|m| kernels::eigvalsh(m, a.n, lower)).collect())
}

pub fn cholesky(x: &Inputs<'_>) -> Out {
    let a = Batch::of(x.tensor(0));
    let upper = x.call.flag(1);
    let mut out = Vec::new();
    for (i, matrix) in a.iter().enumerate() {
        let lower = if upper { transposed(matrix, a.n, a.n) } else { matrix.to_vec() };
        let l = kernels::cholesky(&lower, a.n).map_err(|NotPositive(order)| {
            let message = format!(
                "{} is not positive-definite: its leading minor of order {order} is not positive",
                item(&a, i)
            );
            x.call.fault(Code::BadArgument, message)
        })?;
        out.extend(if upper { transposed(&l, a.n, a.n) } else { l });
    }
    x.one(out)
}
