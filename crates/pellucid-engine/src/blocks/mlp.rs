//! The two shapes of MLP that decoders have.

use pellucid_kernels::{activate_mul, activate_mul_backward, mul};

use super::{Act, Linear, columns};
use crate::Tensor;
use crate::batch::Layout;
use crate::grad::{Kept, rowwise};
use crate::load::LoadError;
use crate::pass::{Child, Flow, Module, Node, Pass, PointId};
use crate::scope::Scope;

/// `down(act(gate(x)) * up(x))` (Shazeer 2020, arXiv:2002.05202). Taps: `pre` is the gate before the
/// activation, `post` what goes into `down`.
pub struct GatedMlp {
    kind: &'static str,
    gates: Gates,
    down_proj: Child<Linear>,
    act: Child<Act>,
}

enum Gates {
    Two { gate_proj: Child<Linear>, up_proj: Child<Linear> },
    Fused(Child<Linear>),
}

impl GatedMlp {
    /// Loads `gate_proj`, `up_proj` and `down_proj` of widths `d` and `f`.
    ///
    /// # Errors
    /// A tensor that is missing or has another shape.
    pub fn load(
        scope: &Scope<'_>,
        kind: &'static str,
        d: usize,
        f: usize,
        act: Act,
    ) -> Result<Self, LoadError> {
        let gate_proj = scope.child("gate_proj", |s| Linear::load(s, d, f))?;
        let up_proj = scope.child("up_proj", |s| Linear::load(s, d, f))?;
        Ok(GatedMlp {
            kind,
            gates: Gates::Two { gate_proj, up_proj },
            down_proj: scope.child("down_proj", |s| Linear::load(s, f, d))?,
            act: scope.child("act_fn", |_| Ok(act))?,
        })
    }

    /// Loads `gate_up_proj`, which is both matrices one above the other, and `down_proj`.
    ///
    /// # Errors
    /// A tensor that is missing or has another shape.
    pub fn load_fused(
        scope: &Scope<'_>,
        kind: &'static str,
        d: usize,
        f: usize,
        act: Act,
    ) -> Result<Self, LoadError> {
        Ok(GatedMlp {
            kind,
            gates: Gates::Fused(scope.child("gate_up_proj", |s| Linear::load(s, d, 2 * f))?),
            down_proj: scope.child("down_proj", |s| Linear::load(s, f, d))?,
            act: scope.child("activation_fn", |_| Ok(act))?,
        })
    }

    /// Gate, shown as `pre`, and up. // [t, f] each
    fn gate_and_up(&self, at: &Node, pass: &mut Pass<'_>, x: Tensor) -> Flow<(Tensor, Tensor)> {
        match &self.gates {
            Gates::Two { gate_proj, up_proj } => {
                let mut gate = pass.call(gate_proj, x.clone())?;
                pass.tap(at, PointId::PRE, Layout::Tokens, &mut gate)?;
                Ok((gate, pass.call(up_proj, x)?))
            }
            Gates::Fused(gate_up_proj) => {
                let both = pass.call(gate_up_proj, x)?; // [t, 2 * f]
                let f = both.shape().last().copied().unwrap_or(0) / 2;
                let mut gate = columns(&both, 2 * f, 0, f);
                pass.tap(at, PointId::PRE, Layout::Tokens, &mut gate)?;
                Ok((gate, columns(&both, 2 * f, f, f)))
            }
        }
    }
}

/// `act(gate) * up`: one kernel unless somebody looks in between, with the same bits.
pub(super) fn activate_gate(
    pass: &mut Pass<'_>,
    act: &Child<Act>,
    gate: Tensor,
    up: &Tensor,
) -> Flow<Tensor> {
    if gate.is_meta() {
        return pass.call(act, gate);
    }
    let mut out = vec![0.0; gate.numel()]; // [.., f]
    let shape = gate.shape().to_vec();
    let function = act.function();
    if pass.is_stepwise() || pass.watches_child(act) {
        let active = pass.call(act, gate)?;
        mul(active.f32s(), up.f32s(), &mut out);
        return Ok(rowwise(Tensor::new(out, shape), 1, [(&active, 1), (up, 1)], || {
            let (active, up) = (Kept::new(&active, 1), Kept::new(up, 1));
            move |rows, dy| {
                let mut of = [vec![0.0; dy.len()], vec![0.0; dy.len()]];
                mul(up.rows(&rows), dy, &mut of[0]);
                mul(active.rows(&rows), dy, &mut of[1]);
                Ok(of)
            }
        }));
    }
    activate_mul(function, gate.f32s(), up.f32s(), &mut out);
    Ok(rowwise(Tensor::new(out, shape), 1, [(&gate, 1), (up, 1)], || {
        let (gate, up) = (Kept::new(&gate, 1), Kept::new(up, 1));
        move |rows, dy| {
            let [mut d_gate, mut d_up] = [vec![0.0; dy.len()], vec![0.0; dy.len()]];
            let of = [&mut d_gate[..], &mut d_up[..]];
            activate_mul_backward(function, gate.rows(&rows), up.rows(&rows), dy, of);
            Ok([d_gate, d_up])
        }
    }))
}

impl Module for GatedMlp {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn forward(&self, at: &Node, pass: &mut Pass<'_>, x: Tensor) -> Flow<Tensor> {
        let (gate, up) = self.gate_and_up(at, pass, x)?;
        let mut post = activate_gate(pass, &self.act, gate, &up)?;
        pass.tap(at, PointId::POST, Layout::Tokens, &mut post)?;
        pass.call(&self.down_proj, post) // [t, d]
    }
}

/// `proj(act(fc(x)))`. Taps: `pre` before the activation, `post` after it.
pub struct PlainMlp {
    kind: &'static str,
    fc: Child<Linear>,
    act: Child<Act>,
    proj: Child<Linear>,
}

impl PlainMlp {
    /// Puts the parts together, named and loaded by the architecture.
    pub fn new(kind: &'static str, fc: Child<Linear>, act: Child<Act>, proj: Child<Linear>) -> PlainMlp {
        PlainMlp { kind, fc, act, proj }
    }
}

impl Module for PlainMlp {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn forward(&self, at: &Node, pass: &mut Pass<'_>, x: Tensor) -> Flow<Tensor> {
        let mut pre = pass.call(&self.fc, x)?; // [t, f]
        pass.tap(at, PointId::PRE, Layout::Tokens, &mut pre)?;
        let mut post = pass.call(&self.act, pre)?;
        pass.tap(at, PointId::POST, Layout::Tokens, &mut post)?;
        pass.call(&self.proj, post) // [t, d]
    }
}
