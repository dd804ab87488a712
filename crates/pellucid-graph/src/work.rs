//! How much computing a statement is: an estimate, for limits and for `explain`.
//!
//! A multiply-add counts as two, any other element made or read as one. The model's own modules are
//! counted by its [`ModelSpec`](crate::ModelSpec).

use crate::check::Scope;
use crate::{Arg, Kind, ModelSpec, Op, Point, Site, TensorType};

/// Floating-point operations of one statement; a loop counts one step.
pub(crate) fn flops(kind: &Kind, scope: Scope<'_>, types: &[TensorType], made: &[TensorType]) -> u64 {
    let inside: u64 = kind.uses().map(|u| scope.functions[u.function].flops).fold(0, u64::saturating_add);
    let own = match kind {
        Kind::Op { op, args } => {
            let mut given: Vec<&TensorType> = Vec::new();
            args.iter().for_each(|a| Arg::for_each_value(a, &mut |v| given.push(&types[v.index()])));
            op_flops(*op, &given, made)
        }
        Kind::Apply { module, input } => scope.spec.apply_flops(module, &types[input.index()]),
        _ => 1,
    };
    own.saturating_add(inside)
}

/// Floating-point operations of an operation, from the types it takes and gives.
pub fn op_flops(op: Op, given: &[&TensorType], made: &[TensorType]) -> u64 {
    let numel = |t: &TensorType| t.numel().unwrap_or(usize::MAX) as u64;
    let most = given.iter().map(|t| numel(t)).chain(made.iter().map(numel)).max().unwrap_or(0).max(1);
    let name = op.def().name;
    let out = made.first().map_or(1, numel);
    match name {
        "matmul" | "mm" | "bmm" | "mv" | "dot" | "inner" | "linear" | "addmm" | "baddbmm" | "tensordot" => {
            let inner = given.first().and_then(|t| t.shape.last()).copied().unwrap_or(1) as u64;
            out.saturating_mul(2).saturating_mul(inner.max(1))
        }
        "einsum" => {
            given.iter().map(|t| numel(t)).fold(2u64, u64::saturating_mul).min(most.saturating_pow(2))
        }
        "scaled_dot_product_attention" => {
            let keys = given.get(1).and_then(|t| t.shape.iter().rev().nth(1)).copied().unwrap_or(1) as u64;
            out.saturating_mul(4).saturating_mul(keys)
        }
        name if name.starts_with("linalg_") => {
            let width = given.first().and_then(|t| t.shape.last()).copied().unwrap_or(1) as u64;
            most.saturating_mul(8).saturating_mul(width.max(1))
        }
        _ => most,
    }
}

impl ModelSpec {
    /// Floating-point operations of a module applied to a value of this type; 1 if there is no such
    /// module.
    pub fn apply_flops(&self, module: &str, input: &TensorType) -> u64 {
        let Ok(spec) = self.module(module) else { return 1 };
        let site = self.site(&Site::new(module, Point::Input));
        let inner = site.map_or(0, |(_, s)| s.shape.len().saturating_sub(2));
        let tokens: usize = input.shape[..input.rank().saturating_sub(inner)].iter().product();
        let s = input.shape.get(1).copied().unwrap_or(1);
        let pairs = tokens.saturating_mul(s + 1) / 2;
        let of = |rate: u64, n: usize| rate.saturating_mul(n as u64);
        of(spec.flops_per_token, tokens).saturating_add(of(spec.flops_per_pair, pairs))
    }
}
