//! Which kernel computes which operation: one line each, in the order of the language's table.

use super::inputs::Inputs;
use super::{
    Out, along, cast, compare, elementwise, functions, index, linalg, norms, pick, reduce, select, shape,
    sort,
};

/// Computes one operation whose arguments have passed its rule.
pub type Kernel = fn(&Inputs<'_>) -> Out;

/// The kernel of this name.
pub fn find(name: &str) -> Option<Kernel> {
    KERNELS.iter().find(|(n, _)| *n == name).map(|(_, kernel)| *kernel)
}

/// Every kernel.
static KERNELS: &[(&str, Kernel)] = &[
    ("add", elementwise::add),
    ("sub", elementwise::sub),
    ("mul", elementwise::mul),
    ("div", elementwise::div),
    ("pow", elementwise::pow),
    ("maximum", elementwise::maximum),
    ("minimum", elementwise::minimum),
    ("neg", elementwise::neg),
    ("abs", elementwise::abs),
    ("sign", elementwise::sign),
    ("floor", elementwise::floor),
    ("ceil", elementwise::ceil),
    ("round", elementwise::round),
    ("clamp", elementwise::clamp),
    ("exp", functions::exp),
    ("log", functions::log),
    ("sqrt", functions::sqrt),
    ("rsqrt", functions::rsqrt),
    ("sin", functions::sin),
    ("cos", functions::cos),
    ("tanh", functions::tanh),
    ("sigmoid", functions::sigmoid),
    ("relu", elementwise::relu),
    ("gelu", functions::gelu),
    ("silu", functions::silu),
    ("eq", compare::eq),
    ("ne", compare::ne),
    ("lt", compare::lt),
    ("le", compare::le),
    ("gt", compare::gt),
    ("ge", compare::ge),
    ("logical_and", compare::logical_and),
    ("logical_or", compare::logical_or),
    ("logical_not", compare::logical_not),
    ("isnan", compare::isnan),
    ("where", select::select),
    ("masked_fill", select::masked_fill),
    ("sum", reduce::sum),
    ("mean", reduce::mean),
    ("var", reduce::var),
    ("std", reduce::std),
    ("norm", reduce::norm),
    ("logsumexp", reduce::logsumexp),
    ("amax", reduce::amax),
    ("amin", reduce::amin),
    ("argmax", reduce::argmax),
    ("argmin", reduce::argmin),
    ("max", reduce::max),
    ("min", reduce::min),
    ("any", reduce::any),
    ("all", reduce::all),
    ("softmax", along::softmax),
    ("log_softmax", along::log_softmax),
    ("cumsum", along::cumsum),
    ("topk", sort::topk),
    ("sort", sort::sort),
    ("cosine_similarity", along::cosine_similarity),
    ("matmul", linalg::matmul),
    ("layer_norm", norms::layer_norm),
    ("rms_norm", norms::rms_norm),
    ("reshape", shape::reshape),
    ("flatten", shape::reshape),
    ("permute", shape::permute),
    ("transpose", shape::transpose),
    ("unsqueeze", shape::reshape),
    ("squeeze", shape::reshape),
    ("expand", shape::expand),
    ("cat", shape::cat),
    ("stack", shape::stack),
    ("index", index::index),
    ("set_index", index::set_index),
    ("gather", pick::gather),
    ("index_select", pick::index_select),
    ("to", cast::to),
    ("clone", cast::clone),
    ("copy_into", select::copy_into),
    ("full_like", select::full_like),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_kernels_match() {
        let rows: Vec<&str> = pellucid_graph::op::OPS.iter().map(|d| d.name).collect();
        let kernels: Vec<&str> = KERNELS.iter().map(|(name, _)| *name).collect();
        assert_eq!(kernels, rows);
    }
}
