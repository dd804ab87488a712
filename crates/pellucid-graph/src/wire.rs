//! The wire form: one safetensors blob. Its tensors are the trace's constants, its metadata holds
//! the graph as JSON under a version.
//!
//! Decoding takes nothing on trust: sizes are limited before they are believed, and what decodes is
//! still only a [`Trace`], to be checked like any other.

use std::collections::HashMap;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};

use crate::{
    Code, Constant, DType, Diagnostic, Function, Invoke, Limits, Result, Sampling, Statement, TensorType,
    Trace,
};

/// The version this build writes. It reads the earlier ones, which say less.
pub const VERSION: u32 = 2;

/// SHA-256 of the JSON schema of each version, its words for people left out: what a version means
/// never changes. `cargo xtask codegen` writes the schema, a test there holds the last row to it.
pub const SCHEMAS: &[(u32, &str)] = &[
    (1, "8c48637b52f0fe53cc75af0d245bfd419efa49b96fee3b3d50e981472e52115d"),
    (2, "ba7d644110b04248cef19f274c8187c2d363833a23f20a229c9d2a7155a71d6a"),
];

const GRAPH: &str = "pellucid.trace";

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Graph {
    version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    generation: Option<Sampling>,
    constants: usize,
    invokes: Vec<Invoke>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    functions: Vec<Function>,
    statements: Vec<Statement>,
}

#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

/// Encodes a trace.
///
/// # Errors
/// [`Code::BadWire`] when a constant's bytes do not fit its type.
pub fn encode(trace: &Trace) -> Result<Vec<u8>> {
    let graph = Graph {
        version: VERSION,
        model: trace.model.clone(),
        generation: trace.generation.clone(),
        constants: trace.constants.len(),
        invokes: trace.invokes.clone(),
        functions: trace.functions.clone(),
        statements: trace.statements.clone(),
    };
    let json = serde_json::to_string(&graph).map_err(|e| bad(format!("the graph cannot be written: {e}")))?;
    let mut views = Vec::with_capacity(trace.constants.len());
    for (i, c) in trace.constants.iter().enumerate() {
        let view = TensorView::new(to_safetensors(c.ty.dtype), c.ty.shape.clone(), &c.data);
        views.push((i.to_string(), view.map_err(|e| bad(format!("constant {i}: {e}")))?));
    }
    let metadata = HashMap::from([(GRAPH.to_owned(), json)]);
    safetensors::serialize(views, Some(metadata)).map_err(|e| bad(e.to_string()))
}

/// Decodes a trace.
///
/// # Errors
/// [`Code::LimitExceeded`], [`Code::BadWire`] for anything that is not a trace,
/// [`Code::UnsupportedVersion`].
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Trace> {
    Limits::hold("trace_bytes", bytes.len(), limits.trace_bytes)?;
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(|e| bad(e.to_string()))?;
    let tensors = SafeTensors::deserialize(bytes).map_err(|e| bad(e.to_string()))?;
    let json = header.metadata().as_ref().and_then(|m| m.get(GRAPH));
    let json = json.ok_or_else(|| bad(format!("no `{GRAPH}` in the metadata")))?;
    let found: Versioned = serde_json::from_str(json).map_err(|e| bad(e.to_string()))?;
    known_version(found.version)?;
    let graph: Graph = serde_json::from_str(json).map_err(|e| bad(e.to_string()))?;
    if graph.constants != tensors.len() {
        return Err(bad(format!("{} constants expected, {} tensors found", graph.constants, tensors.len())));
    }
    let constant = |i: usize| {
        let view = tensors.tensor(&i.to_string()).map_err(|e| bad(e.to_string()))?;
        let dtype =
            from_safetensors(view.dtype()).ok_or_else(|| bad(format!("constant {i}: {:?}", view.dtype())))?;
        Ok(Constant { ty: TensorType::new(dtype, view.shape()), data: view.data().into() })
    };
    let constants = (0..graph.constants).map(constant).collect::<Result<Vec<_>>>()?;
    let Graph { model, generation, invokes, functions, statements, .. } = graph;
    let trace = Trace { model, generation, invokes, constants, functions, statements };
    Limits::hold("statements", trace.n_statements(), limits.statements)?;
    Limits::hold("values", trace.n_values(), limits.values)?;
    Ok(trace)
}

/// # Errors
/// [`Code::UnsupportedVersion`] for a version that this build does not know.
pub(crate) fn known_version(version: u32) -> Result<()> {
    if (1..=VERSION).contains(&version) {
        return Ok(());
    }
    let message = format!("the trace is of version {version}, this build reads versions 1 to {VERSION}");
    Err(Diagnostic::new(Code::UnsupportedVersion, message))
}

fn bad(message: String) -> Diagnostic {
    Diagnostic::new(Code::BadWire, format!("not a trace: {message}"))
}

/// The safetensors name of a dtype.
pub fn to_safetensors(dtype: DType) -> Dtype {
    match dtype {
        DType::Bool => Dtype::BOOL,
        DType::U8 => Dtype::U8,
        DType::I32 => Dtype::I32,
        DType::I64 => Dtype::I64,
        DType::F16 => Dtype::F16,
        DType::Bf16 => Dtype::BF16,
        DType::F32 => Dtype::F32,
        DType::F64 => Dtype::F64,
    }
}

/// The dtype of a safetensors name, if the language has it.
pub fn from_safetensors(dtype: Dtype) -> Option<DType> {
    DType::ALL.into_iter().find(|d| to_safetensors(*d) == dtype)
}
