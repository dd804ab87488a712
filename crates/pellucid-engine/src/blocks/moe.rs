//! Mixture of experts (Shazeer et al. 2017, arXiv:1701.06538): a router sends each token to a few of
//! many MLPs and adds their weighted outputs.
//!
//! A token's chosen experts are its slots, `e` of them, the likeliest first: what experts compute is
//! kept as `[t, e, ...]`, so it has a shape that does not depend on what was chosen. The router's
//! logits are the output of `gate`; writing them, or `chosen`, sends tokens elsewhere. An id that is no
//! expert's sends a slot nowhere: its output and weight are 0.

use std::sync::Arc;

use pellucid_graph::DType;
use pellucid_kernels::{softmax_rows, softmax_rows_backward};

use super::mlp::activate_gate;
use super::{Act, Linear};
use crate::Tensor;
use crate::batch::Layout;
use crate::grad::{Kept, rowwise};
use crate::load::LoadError;
use crate::parameter::Matrix;
use crate::pass::{Child, Flow, Module, Node, OwnCost, Pass, PointId, Second};
use crate::scope::Scope;

/// What an architecture says of its experts.
#[derive(Clone, Copy, Debug)]
pub struct MoeSpec {
    /// Class names of the block, its router and its experts.
    pub kinds: [&'static str; 3],
    /// Names under which an expert's gate, up and down matrices are stored.
    pub stored: [&'static str; 3],
    /// Width of hidden states.
    pub d: usize,
    /// Width inside an expert.
    pub f: usize,
    /// Experts there are.
    pub n_experts: usize,
    /// Experts that a token goes to.
    pub n_chosen: usize,
    /// Whether the weights of a token's experts are made to add up to 1.
    pub normalized: bool,
}

/// Router and experts. Taps: `chosen`, `weights`.
pub struct Moe {
    spec: MoeSpec,
    gate: Child<Router>,
    experts: Child<Experts>,
}

/// Where tokens go.
#[derive(Clone, Debug)]
pub struct Routes {
    chosen: Tensor,  // [t, e], i64
    weights: Tensor, // [t, e]
}

/// Gives one logit for each expert.
struct Router {
    kind: &'static str,
    linear: Linear,
}

/// The experts. Taps: `pre`, `post`, `expert_output`. Applied to a value by itself it sends tokens where
/// its router sends them.
struct Experts {
    spec: MoeSpec,
    experts: Vec<Expert>,
    act_fn: Child<Act>,
    router: Child<Router>,
}

struct Expert {
    gate: Linear,
    up: Linear,
    down: Linear,
}

impl Moe {
    /// Loads `gate` and `experts`.
    ///
    /// # Errors
    /// A tensor that is missing or has another shape.
    pub fn load(scope: &Scope<'_>, spec: MoeSpec, act: Act) -> Result<Moe, LoadError> {
        let router = |s: &Scope<'_>| {
            Ok(Router { kind: spec.kinds[1], linear: Linear::load(s, spec.d, spec.n_experts)? })
        };
        let gate = scope.child("gate", router)?;
        let router = Child { node: gate.node.clone(), module: gate.module.clone() };
        let experts = scope.child("experts", |s| Experts::load(s, spec, act, router))?;
        Ok(Moe { spec, gate, experts })
    }

    fn route(&self, at: &Node, pass: &mut Pass<'_>, logits: &Tensor) -> Flow<Routes> {
        let probabilities = softmax(logits); // [t, n]
        let mut chosen = self.spec.choose(&probabilities);
        pass.tap(at, PointId::CHOSEN, Layout::Tokens, &mut chosen)?;
        let mut weights = self.spec.weigh(&probabilities, &chosen);
        pass.tap(at, PointId::WEIGHTS, Layout::Tokens, &mut weights)?;
        Ok(Routes { chosen, weights })
    }
}

impl Module for Moe {
    fn kind(&self) -> &'static str {
        self.spec.kinds[0]
    }

    fn forward(&self, at: &Node, pass: &mut Pass<'_>, x: Tensor) -> Flow<Tensor> {
        let logits = pass.call(&self.gate, x.clone())?; // [t, n]
        let routes = self.route(at, pass, &rows(logits))?;
        pass.give(Second::Routes(routes));
        pass.call(&self.experts, x) // [t, d]
    }
}

impl MoeSpec {
    /// The likeliest experts of each token, the first of equals. // [t, e]
    fn choose(&self, probabilities: &Tensor) -> Tensor {
        let shape = [probabilities.shape()[0], self.n_chosen];
        if probabilities.is_meta() {
            return Tensor::meta(DType::I64, shape);
        }
        let mut chosen = Vec::with_capacity(shape[0] * self.n_chosen);
        for row in probabilities.f32s().chunks_exact(self.n_experts) {
            let mut order: Vec<usize> = (0..self.n_experts).collect();
            order.sort_by(|a, b| row[*b].total_cmp(&row[*a]));
            chosen.extend(order[..self.n_chosen].iter().map(|expert| *expert as i64));
        }
        Tensor::new(chosen, shape)
    }

    /// The probabilities of the chosen experts, or their shares. // [t, e]
    fn weigh(&self, probabilities: &Tensor, chosen: &Tensor) -> Tensor {
        if chosen.is_meta() {
            return Tensor::meta(DType::F32, chosen.shape());
        }
        let mut weights = Vec::with_capacity(chosen.numel());
        let rows = probabilities.f32s().chunks_exact(self.n_experts);
        for (row, chosen) in rows.zip(chosen.slice::<i64>().chunks_exact(self.n_chosen)) {
            let of = |id: &i64| usize::try_from(*id).ok().and_then(|i| row.get(i)).copied().unwrap_or(0.0);
            let sum: f32 = chosen.iter().map(of).sum();
            let by = if self.normalized && sum > 0.0 { sum } else { 1.0 };
            weights.extend(chosen.iter().map(|id| of(id) / by));
        }
        let y = Tensor::new(weights, chosen.shape());
        let (e, n, normalized) = (self.n_chosen, self.n_experts, self.normalized);
        rowwise(y.clone(), e, [(probabilities, n)], || {
            let (weights, chosen) = (Kept::new(&y, e), chosen.clone());
            let probabilities = Kept::new(probabilities, n);
            move |rows, dy| {
                let mut dp = vec![0.0; rows.len() * n];
                for (i, row) in rows.clone().enumerate() {
                    let chosen = &chosen.slice::<i64>()[row * e..][..e];
                    let known = || chosen.iter().map(|id| usize::try_from(*id).ok().filter(|i| *i < n));
                    let (dy, one) = (&dy[i * e..][..e], row..row + 1);
                    let (weights, p) = (weights.rows(&one), probabilities.rows(&one));
                    let sum: f32 = known().flatten().map(|id| p[id]).sum();
                    let (by, back) = match normalized && sum > 0.0 {
                        true => (sum, dy.iter().zip(weights).map(|(d, w)| d * w).sum()),
                        false => (1.0, 0.0),
                    };
                    for (id, dy) in known().zip(dy) {
                        if let Some(id) = id {
                            dp[i * n + id] += (dy - back) / by;
                        }
                    }
                }
                Ok([dp])
            }
        })
    }
}

/// Leading axes as one, for a module applied to a value: it has more than a pass's one.
fn rows(x: Tensor) -> Tensor {
    let width = x.shape().last().copied().unwrap_or(0);
    let n = x.shape().iter().rev().skip(1).product();
    x.reshaped([n, width])
}

fn softmax(logits: &Tensor) -> Tensor {
    if logits.is_meta() {
        return logits.clone();
    }
    let mut out = vec![0.0; logits.numel()];
    let n = logits.shape()[1];
    softmax_rows(logits.f32s(), n, &mut out);
    let y = Tensor::new(out, logits.shape());
    rowwise(y.clone(), n, [(logits, n)], || {
        let y = Kept::new(&y, n);
        move |rows, dy| {
            let mut dx = vec![0.0; dy.len()];
            softmax_rows_backward(y.rows(&rows), dy, n, &mut dx);
            Ok([dx])
        }
    })
}

impl Module for Router {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn forward(&self, at: &Node, pass: &mut Pass<'_>, x: Tensor) -> Flow<Tensor> {
        self.linear.forward(at, pass, x)
    }

    fn cost(&self) -> OwnCost {
        self.linear.cost()
    }
}

impl Experts {
    fn load(scope: &Scope<'_>, spec: MoeSpec, act: Act, router: Child<Router>) -> Result<Experts, LoadError> {
        let act_fn = scope.child("act_fn", |_| Ok(act))?;
        let expert = |i: usize| {
            let [gate, up, down] = spec.stored.map(|name| scope.part(&format!("{i}.{name}")));
            Ok(Expert {
                gate: Linear::load(&gate, spec.d, spec.f)?,
                up: Linear::load(&up, spec.d, spec.f)?,
                down: Linear::load(&down, spec.f, spec.d)?,
            })
        };
        let experts: Vec<Expert> = (0..spec.n_experts).map(expert).collect::<Result<_, _>>()?;
        let (n, d, f) = (spec.n_experts, spec.d, spec.f);
        let gates = experts.iter().flat_map(|e| [&**e.gate.matrix(), e.up.matrix()]).collect();
        scope.stacked("gate_up_proj", [n, 2 * f, d], gates);
        scope.stacked("down_proj", [n, d, f], experts.iter().map(|e| &**e.down.matrix()).collect());
        Ok(Experts { spec, experts, act_fn, router })
    }

    /// The router's own choice, for a call that no block made.
    fn routes(&self, pass: &mut Pass<'_>, x: &Tensor) -> Flow<Routes> {
        let probabilities = softmax(&rows(pass.call(&self.router, x.clone())?));
        let chosen = self.spec.choose(&probabilities);
        let weights = self.spec.weigh(&probabilities, &chosen);
        Ok(Routes { chosen, weights })
    }

    /// Runs each expert once, over the slots that chose it; `per` slots in a row read one row of `x`.
    /// // [t, e, n_out]
    fn each(
        &self,
        chosen: &Tensor,
        x: &Tensor,
        per: usize,
        matrix: impl Fn(&Expert) -> &Linear,
        n_out: usize,
    ) -> Flow<Tensor> {
        let shape = [chosen.shape(), &[n_out]].concat();
        if x.is_meta() {
            return Ok(Tensor::meta(DType::F32, shape));
        }
        let width = x.shape().last().copied().unwrap_or(0);
        let (numbers, ids) = (x.f32s(), chosen.slice::<i64>());
        let mut out = vec![0.0; ids.len() * n_out];
        for (id, expert) in self.experts.iter().enumerate() {
            let slots: Vec<usize> = (0..ids.len()).filter(|slot| ids[*slot] == id as i64).collect();
            if slots.is_empty() {
                continue;
            }
            let rows: Vec<f32> =
                slots.iter().flat_map(|s| &numbers[s / per * width..][..width]).copied().collect();
            let made = matrix(expert).rows(&rows)?;
            for (slot, made) in slots.iter().zip(made.chunks_exact(n_out)) {
                out[slot * n_out..][..n_out].copy_from_slice(made);
            }
        }
        let e = self.spec.n_chosen;
        Ok(rowwise(Tensor::new(out, shape), e * n_out, [(x, e / per * width)], || {
            let chosen = chosen.clone();
            let matrices: Vec<_> =
                self.experts.iter().map(|expert| matrix(expert).matrix().clone()).collect();
            move |rows, dy| {
                let ids = &chosen.slice::<i64>()[rows.start * e..rows.end * e];
                Ok([experts_backward(&matrices, ids, dy, [n_out, width], per)?])
            }
        }))
    }
}

impl Module for Experts {
    fn kind(&self) -> &'static str {
        self.spec.kinds[2]
    }

    fn forward(&self, at: &Node, pass: &mut Pass<'_>, x: Tensor) -> Flow<Tensor> {
        let Routes { chosen, weights } = match pass.take() {
            Some(Second::Routes(routes)) => routes,
            _ => self.routes(pass, &x)?,
        };
        let shape = x.shape().to_vec();
        let x = rows(x);
        let (e, d, f) = (self.spec.n_chosen, self.spec.d, self.spec.f);
        let mut gate = self.each(&chosen, &x, e, |expert| &expert.gate, f)?;
        pass.tap(at, PointId::PRE, Layout::Tokens, &mut gate)?;
        let up = self.each(&chosen, &x, e, |expert| &expert.up, f)?;
        let mut post = activate_gate(pass, &self.act_fn, gate, &up)?;
        pass.tap(at, PointId::POST, Layout::Tokens, &mut post)?;
        let mut y = self.each(&chosen, &post, 1, |expert| &expert.down, d)?;
        pass.tap(at, PointId::EXPERT_OUTPUT, Layout::Tokens, &mut y)?;
        Ok(weighted_sum(&y, &weights).reshaped(shape))
    }

    fn cost(&self) -> OwnCost {
        let one = (3 * self.spec.d * self.spec.f) as u64;
        OwnCost {
            params: self.spec.n_experts as u64 * one,
            flops_per_token: 2 * self.spec.n_chosen as u64 * one,
            flops_per_pair: 0,
        }
    }
}

/// Adds a token's slots in their order. // [t, d]
fn weighted_sum(y: &Tensor, weights: &Tensor) -> Tensor {
    let [t, e, d] = [y.shape()[0], y.shape()[1], y.shape()[2]];
    if y.is_meta() {
        return Tensor::meta(DType::F32, [t, d]);
    }
    let mut out = vec![0.0f32; t * d];
    for (slot, (row, weight)) in y.f32s().chunks_exact(d).zip(weights.f32s()).enumerate() {
        let sum = &mut out[slot / e * d..][..d];
        sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += weight * x);
    }
    rowwise(Tensor::new(out, [t, d]), d, [(y, e * d), (weights, e)], || {
        let (y, weights) = (Kept::new(y, e * d), Kept::new(weights, e));
        move |rows, dy| {
            let (mut d_y, mut d_weights) = (Vec::new(), Vec::new());
            let slots = y.rows(&rows).chunks_exact(d).zip(weights.rows(&rows));
            for (slot, (row, weight)) in slots.enumerate() {
                let dy = &dy[slot / e * d..][..d];
                d_y.extend(dy.iter().map(|g| g * weight));
                d_weights.push(row.iter().zip(dy).map(|(x, g)| x * g).sum());
            }
            Ok([d_y, d_weights])
        }
    })
}

/// The gradient of what experts were given: `per` slots in a row have read one row of `width` numbers.
fn experts_backward(
    matrices: &[Arc<Matrix>],
    ids: &[i64],
    dy: &[f32],
    [n_out, width]: [usize; 2],
    per: usize,
) -> Result<Vec<f32>, LoadError> {
    let mut dx = vec![0.0; ids.len() / per * width];
    for (id, matrix) in matrices.iter().enumerate() {
        let slots: Vec<usize> = (0..ids.len()).filter(|slot| ids[*slot] == id as i64).collect();
        if slots.is_empty() {
            continue;
        }
        let rows: Vec<f32> = slots.iter().flat_map(|s| &dy[s * n_out..][..n_out]).copied().collect();
        for (slot, made) in slots.iter().zip(matrix.backward(&rows)?.chunks_exact(width)) {
            dx[slot / per * width..][..width].iter_mut().zip(made).for_each(|(dx, made)| *dx += made);
        }
    }
    Ok(dx)
}
