//! Results and sites as text, JSON and safetensors.

use std::fmt::Write as _;
use std::time::Duration;

use pellucid_api::{ResultTensor, ResultsError, results};
use pellucid_engine::{Log, Saved, Tensor};
use pellucid_graph::shape::format_dims;
use pellucid_graph::{DType, ModelSpec, Part, SiteSpec};
use serde_json::{Value, json};

/// Elements that a summary shows of each result.
const SHOWN: usize = 6;

/// One line for each result: name, type, first elements.
pub fn summary(saved: &Saved) -> String {
    let mut out = String::new();
    for (name, tensor) in saved.iter() {
        let _ = writeln!(out, "{name}  {}  {}", tensor.ty(), first_elements(tensor));
    }
    out
}

/// What a trace logs, in one line: words, numbers, the first elements of tensors.
pub fn log(log: &Log) -> String {
    let part = |part: &Part<Tensor>| match part {
        Part::Text(text) => text.clone(),
        Part::Value(t) if t.shape().is_empty() => elements(t, 1).iter().map(Value::to_string).collect(),
        Part::Value(t) => format!("{} {}", t.ty(), first_elements(t)),
    };
    let said: Vec<String> = log.parts.iter().map(part).collect();
    match &log.at {
        Some(at) => format!("{}  ({at})", said.join(" ")),
        None => said.join(" "),
    }
}

/// `[0.5, 1, ...]`.
fn first_elements(tensor: &Tensor) -> String {
    let shown: Vec<String> = elements(tensor, SHOWN).iter().map(Value::to_string).collect();
    let more = if tensor.numel() > SHOWN { ", ..." } else { "" };
    format!("[{}{more}]", shown.join(", "))
}

/// All results as one JSON object, in the order saved.
pub fn json(saved: &Saved) -> String {
    let result = |(name, t): (&str, &Tensor)| {
        let body = json!({ "dtype": t.dtype().name(), "shape": t.shape(), "data": elements(t, t.numel()) });
        format!("{}:{body}", Value::from(name))
    };
    format!("{{{}}}", saved.iter().map(result).collect::<Vec<_>>().join(","))
}

/// All results as a safetensors file.
pub fn safetensors(saved: &Saved) -> Result<Vec<u8>, ResultsError> {
    let result = |(name, t): (&str, &Tensor)| ResultTensor {
        name: name.to_owned(),
        ty: t.ty(),
        data: t.as_bytes().to_vec(),
    };
    results::encode(&saved.iter().map(result).collect::<Vec<_>>())
}

/// One line for each site: path, dtype, symbolic shape, and the name that it has in every model.
pub fn sites(spec: &ModelSpec) -> String {
    let names: Vec<String> = spec.sites.iter().map(|s| join(&s.path, &s.point)).collect();
    let shapes: Vec<String> = spec.sites.iter().map(|s| format_dims(&s.shape)).collect();
    let longest = |texts: &[String]| texts.iter().map(String::len).max().unwrap_or(0);
    let (width, shape_width) = (longest(&names), longest(&shapes));
    let mut out = String::new();
    for ((name, shape), site) in names.iter().zip(&shapes).zip(&spec.sites) {
        let dtype = site.dtype;
        let _ = match alias_of(spec, site) {
            Some(alias) => writeln!(out, "{name:width$}  {dtype}  {shape:shape_width$}  {alias}"),
            None => writeln!(out, "{name:width$}  {dtype}  {shape}"),
        };
    }
    out
}

/// Another name of a site: its own, or that of its module.
fn alias_of(spec: &ModelSpec, site: &SiteSpec) -> Option<String> {
    let called = |target: &str| spec.aliases.iter().find(|a| a.target == target).map(|a| a.name.clone());
    let real = join(&site.path, &site.point);
    let name = called(&real).or_else(|| called(&site.path).map(|module| join(&module, &site.point)));
    name.filter(|name| *name != real)
}

fn join(path: &str, point: &str) -> String {
    match path {
        "" => point.to_owned(),
        path => format!("{path}.{point}"),
    }
}

/// The first `n` elements. JSON has no infinities and no NaN: those become words.
fn elements(t: &Tensor, n: usize) -> Vec<Value> {
    let float = |x: f64| if x.is_finite() { json!(x) } else { json!(x.to_string()) };
    // The shortest digits of the f32, not those of its f64 neighbour.
    let short = |x: f32| match x.to_string().parse::<f64>() {
        Ok(x) => float(x),
        Err(_) => float(f64::from(x)),
    };
    match t.dtype() {
        DType::Bool => t.slice::<u8>().iter().take(n).map(|x| json!(*x != 0)).collect(),
        DType::U8 => t.slice::<u8>().iter().take(n).map(|x| json!(x)).collect(),
        DType::I32 => t.slice::<i32>().iter().take(n).map(|x| json!(x)).collect(),
        DType::I64 => t.slice::<i64>().iter().take(n).map(|x| json!(x)).collect(),
        DType::F16 => t.slice::<half::f16>().iter().take(n).map(|x| short(x.to_f32())).collect(),
        DType::Bf16 => t.slice::<half::bf16>().iter().take(n).map(|x| short(x.to_f32())).collect(),
        DType::F32 => t.slice::<f32>().iter().take(n).map(|x| short(*x)).collect(),
        DType::F64 => t.slice::<f64>().iter().take(n).map(|x| float(*x)).collect(),
    }
}

/// What a run took, in one line.
pub fn stats(time: Duration, weights: u64, peak: Option<u64>) -> String {
    let mb = |bytes: u64| format!("{} MB", bytes / 1_000_000);
    let peak = peak.map_or_else(|| "unknown".to_owned(), mb);
    format!("{:.3} s; weights in memory: {}; peak memory: {peak}", time.as_secs_f64(), mb(weights))
}
