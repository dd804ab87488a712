//! The two shapes of MLP that decoders have.

use pellucid_kernels::{activate_mul, mul};

use super::{Act, Linear};
use crate::Tensor;
use crate::batch::Layout;
use crate::load::LoadError;
use crate::pass::{Child, Flow, Module, Node, Pass, PointId};
use crate::scope::Scope;

/// `down(act(gate(x)) * up(x))` (Shazeer 2020, arXiv:2002.05202). Taps: `pre` is the gate before the
/// activation, `post` what goes into `down`.
pub struct GatedMlp {
    kind: &'static str,
    gate_proj: Child<Linear>,
    up_proj: Child<Linear>,
    down_proj: Child<Linear>,
    act_fn: Child<Act>,
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
        Ok(GatedMlp {
            kind,
            gate_proj: scope.child("gate_proj", |s| Linear::load(s, d, f))?,
            up_proj: scope.child("up_proj", |s| Linear::load(s, d, f))?,
            down_proj: scope.child("down_proj", |s| Linear::load(s, f, d))?,
            act_fn: scope.child("act_fn", |_| Ok(act))?,
        })
    }

    /// `act(gate) * up`: one kernel unless somebody looks in between, with the same bits.
    fn activate(&self, pass: &mut Pass<'_>, gate: Tensor, up: &Tensor) -> Flow<Tensor> {
        if gate.is_meta() {
            return pass.call(&self.act_fn, gate);
        }
        let mut out = vec![0.0; gate.numel()]; // [t, f]
        let shape = gate.shape().to_vec();
        if pass.watches_child(&self.act_fn) {
            let active = pass.call(&self.act_fn, gate)?;
            mul(active.f32s(), up.f32s(), &mut out);
        } else {
            activate_mul(self.act_fn.function(), gate.f32s(), up.f32s(), &mut out);
        }
        Ok(Tensor::new(out, shape))
    }
}

impl Module for GatedMlp {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn forward(&self, at: &Node, pass: &mut Pass<'_>, x: Tensor) -> Flow<Tensor> {
        let mut gate = pass.call(&self.gate_proj, x.clone())?; // [t, f]
        pass.tap(at, PointId::PRE, Layout::Tokens, &mut gate)?;
        let up = pass.call(&self.up_proj, x)?; // [t, f]
        let mut post = self.activate(pass, gate, &up)?;
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
