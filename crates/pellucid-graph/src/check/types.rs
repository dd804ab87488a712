//! Types of what statements make, and the conditions on what they use.
//!
//! The recorder calls this for each statement as it is written, `check` for all of them again.

use super::Rows;
use super::flow::{self, Signature};
use super::gradient;
use crate::op::Call;
use crate::shape::MAX_AXES;
use crate::spec::GENERATOR;
use crate::{
    Code, Constant, Diagnostic, Dim, InvokeId, Kind, ModelSpec, Part, Point, Prompt, Result, Sampling, Site,
    TensorType, ValueId,
};

/// Checks the prompts of an invoke and measures them.
pub(crate) fn check_prompts(
    prompts: &[Prompt],
    generation: Option<&Sampling>,
    spec: &ModelSpec,
) -> Result<Rows> {
    generation.map_or(Ok(()), |sampling| check_generation(sampling, spec))?;
    if prompts.is_empty() {
        return Err(Diagnostic::new(Code::EmptyPrompt, "an invoke needs at least one prompt"));
    }
    let (n, new) = generation.map_or((1, 0), |sampling| (sampling.n, sampling.max_new_tokens));
    let lengths = prompts.iter().map(|p| check_prompt(p, new, spec)).collect::<Result<Vec<_>>>()?;
    let lengths = lengths.into_iter().flat_map(|length| std::iter::repeat_n(length, n)).collect();
    let steps = if generation.is_some() { new } else { 1 };
    Ok(Rows { lengths, steps, continues: generation.is_some() })
}

pub(crate) fn check_generation(sampling: &Sampling, spec: &ModelSpec) -> Result<()> {
    sampling.check()?;
    if spec.generator.is_empty() {
        let message = format!("`{}` is an encoder, which does not continue prompts", spec.name);
        return Err(Diagnostic::new(Code::BadArgument, message));
    }
    Ok(())
}

fn check_prompt(prompt: &Prompt, new: usize, spec: &ModelSpec) -> Result<usize> {
    let Some(ids) = &prompt.ids else {
        return Err(Diagnostic::new(Code::NotTokenized, "a prompt is text, expected token ids"));
    };
    if ids.is_empty() {
        let message = match &prompt.text {
            Some(text) => format!("the prompt `{text}` has no tokens"),
            None => "a prompt has no tokens".to_owned(),
        };
        return Err(Diagnostic::new(Code::EmptyPrompt, message));
    }
    if ids.len().saturating_add(new) > spec.n_ctx {
        let more = if new == 0 { String::new() } else { format!(" and is to get {new} new ones") };
        let message =
            format!("a prompt has {} tokens{more}, `{}` takes at most {}", ids.len(), spec.name, spec.n_ctx);
        return Err(Diagnostic::new(Code::PromptTooLong, message));
    }
    if let Some((i, id)) = ids.iter().enumerate().find(|(_, id)| **id as usize >= spec.vocab_size) {
        let message =
            format!("token id {id} at position {i} is outside the vocabulary of {}", spec.vocab_size);
        return Err(Diagnostic::new(Code::TokenOutOfRange, message));
    }
    Ok(ids.len())
}

/// What a statement can refer to beside values.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub spec: &'a ModelSpec,
    pub constants: &'a [Constant],
    pub rows: &'a [Rows],
    /// Those of the functions that may be used here.
    pub functions: &'a [Signature],
}

/// Checks one statement and gives the types of the values it makes.
pub(crate) fn infer_statement(
    kind: &Kind,
    scope: Scope<'_>,
    types: &[TensorType],
) -> Result<Vec<TensorType>> {
    let Scope { spec, rows, .. } = scope;
    match kind {
        Kind::Read { invoke, site } => Ok(vec![value_site_type(spec, rows, *invoke, site)?]),
        Kind::Constant { index } => match scope.constants.get(*index) {
            Some(c) => check_constant(*index, c).map(|()| vec![c.ty.clone()]),
            None => Err(Diagnostic::new(Code::UnknownValue, format!("there is no constant {index}"))),
        },
        Kind::Import { name, ty, .. } if !ty.addressable() => {
            let message = format!("`{name}` of type {ty} is too large to address");
            Err(Diagnostic::new(Code::ShapeMismatch, message))
        }
        Kind::Import { ty, .. } => Ok(vec![ty.clone()]),
        Kind::Parameter { path } => Ok(vec![spec.parameter(path)?.ty()]),
        Kind::Op { op, args } => Call::infer(op.def(), args, types),
        Kind::Apply { module, input } => Ok(vec![apply_type(spec, module, known(types, *input)?)?]),
        Kind::Call { .. } | Kind::Cond { .. } | Kind::Loop { .. } => {
            flow::infer(kind, scope.functions, types)
        }
        Kind::Write { site, .. } if is_result(site) => {
            let message = format!("`{site}` is what the generation has made; it cannot be written");
            let help = format!("`{GENERATOR}.token` is each step's token, which can");
            Err(Diagnostic::new(Code::UnknownSite, message).help(help))
        }
        Kind::Write { invoke, site, value } => {
            let want = value_site_type(spec, rows, *invoke, site)?;
            must_match("write", &site.to_string(), "the site", known(types, *value)?, &want)?;
            Ok(vec![])
        }
        Kind::Skip { invoke, module, step, value } => {
            let output = Site { step: *step, ..Site::new(module.clone(), Point::Output) };
            let want = value_site_type(spec, rows, *invoke, &output)?;
            must_match("skip", module, "its output", known(types, *value)?, &want)?;
            Ok(vec![])
        }
        Kind::SetParameter { path, value } => {
            let want = spec.parameter(path)?.ty();
            must_match("write", path, "the weights", known(types, *value)?, &want)?;
            Ok(vec![])
        }
        Kind::Backward { outputs, seeds, .. } => gradient::backward_type(outputs, seeds, rows, types),
        Kind::Gradient { pass, of } => gradient::gradient_type(*pass, *of, types).map(|ty| vec![ty]),
        Kind::SetGradient { pass, of, value } => {
            let want = gradient::gradient_type(*pass, *of, types)?;
            must_match("write", "grad", "the gradient", known(types, *value)?, &want)?;
            Ok(vec![])
        }
        Kind::Save { value, .. } => known(types, *value).map(|_| vec![]),
        Kind::Log { parts } => {
            parts.iter().filter_map(Part::value).try_for_each(|v| known(types, *v).map(drop))?;
            Ok(vec![])
        }
        Kind::Stop => Ok(vec![]),
    }
}

/// Checks that the bytes of a constant are those of its type.
pub(crate) fn check_constant(index: usize, c: &Constant) -> Result<()> {
    if c.ty.rank() > MAX_AXES {
        let message = format!("constant {index} has {} axes, at most {MAX_AXES} are allowed", c.ty.rank());
        return Err(Diagnostic::new(Code::ShapeMismatch, message));
    }
    if c.ty.addressable() && c.ty.open == 0 && c.ty.bytes() == Some(c.data.len()) {
        return Ok(());
    }
    let message = format!("constant {index} of type {} has {} bytes", c.ty, c.data.len());
    Err(Diagnostic::new(Code::BadWire, message))
}

pub(super) fn known(types: &[TensorType], v: ValueId) -> Result<&TensorType> {
    types.get(v.index()).ok_or_else(|| {
        Diagnostic::new(Code::UnknownValue, format!("`{v}` is not made by an earlier statement"))
    })
}

fn must_match(verb: &str, name: &str, place: &str, got: &TensorType, want: &TensorType) -> Result<()> {
    if got == want {
        return Ok(());
    }
    if got.shape != want.shape {
        let message =
            format!("cannot {verb} `{name}`: the value has shape {:?}, {place} {:?}", got.shape, want.shape);
        return Err(Diagnostic::new(Code::ShapeMismatch, message));
    }
    if let Some(axis) = (0..got.rank()).find(|i| got.is_open(*i)) {
        let message = format!(
            "cannot {verb} `{name}`: the length of axis {axis} of the value ({got}) depends on elements"
        );
        let help = "write through the mask instead (`h[mask] = value`), or use `pl.where`";
        return Err(Diagnostic::new(Code::ShapeMismatch, message).help(help));
    }
    let message =
        format!("cannot {verb} `{name}`: the value has dtype {}, {place} {}", got.dtype, want.dtype);
    Err(Diagnostic::new(Code::DTypeMismatch, message))
}

/// The type of a site for the rows of an invoke.
pub(crate) fn value_site_type(
    spec: &ModelSpec,
    rows: &[Rows],
    invoke: InvokeId,
    site: &Site,
) -> Result<TensorType> {
    let rows = rows.get(invoke).ok_or_else(|| {
        Diagnostic::new(Code::UnknownInvoke, format!("there is no invoke {invoke}, only {}", rows.len()))
    })?;
    let (_, s) = spec.site(site)?;
    let steps = if is_result(site) { 1 } else { rows.steps };
    if site.path == GENERATOR && !rows.continues {
        let message = format!("`{site}` is of a generation, and this trace is one forward pass");
        let help = "`model.generate(...)` instead of `model.trace(...)` continues the prompt";
        return Err(Diagnostic::new(Code::UnknownSite, message).help(help));
    }
    if site.step as usize >= steps {
        let has = match (rows.continues, steps) {
            (false, _) => "this trace is one forward pass, it has only step 0".to_owned(),
            (true, 0) => "this generation makes no tokens, it has no steps".to_owned(),
            (true, 1) => "there is only step 0".to_owned(),
            (true, n) => format!("this generation has the steps 0 to {}", n - 1),
        };
        return Err(Diagnostic::new(Code::UnknownSite, format!("`{site}`: {has}")));
    }
    let lengths = rows.at(site.step as usize);
    let ty = TensorType::new(s.dtype, s.shape.iter().map(|d| d.resolve(lengths)).collect::<Vec<_>>());
    let open = |ty: TensorType, (axis, d): (usize, &Dim)| if *d == Dim::All { ty.opened(axis) } else { ty };
    Ok(s.shape.iter().enumerate().fold(ty, open))
}

/// Whether a site is the tokens of the whole generation: it is there once, at the end.
pub(super) fn is_result(site: &Site) -> bool {
    site.path == GENERATOR && site.point == Point::Output
}

/// A module applied to a value: modules that look at one token at a time take any leading axes.
fn apply_type(spec: &ModelSpec, path: &str, got: &TensorType) -> Result<TensorType> {
    let module = spec.module(path)?;
    let (_, input) = spec.site(&Site::new(path, Point::Input))?;
    let (_, output) = spec.site(&Site::new(path, Point::Output))?;
    let fixed = |dims: &[Dim]| -> Vec<usize> {
        dims.iter().rev().map_while(|d| if let Dim::Fixed(n) = d { Some(*n) } else { None }).collect()
    };
    let (inner, outer) =
        (fixed(&input.shape[input.shape.len().min(2)..]), fixed(&output.shape[2.min(output.shape.len())..]));
    let leading = got.rank().checked_sub(inner.len());
    let ends = |n: usize| got.shape[n..].iter().rev().eq(inner.iter());
    let rank_ok = |n: usize| module.tokenwise || n == 2;
    let fits = leading.filter(|&n| ends(n) && rank_ok(n));
    match fits {
        Some(n) if got.dtype == input.dtype => {
            let shape: Vec<usize> = got.shape[..n].iter().chain(outer.iter().rev()).copied().collect();
            let made = TensorType::new(output.dtype, shape);
            match made.addressable() {
                true => Ok(made),
                false => {
                    let message = format!("`{path}` applied to {got} makes {made}, too large to address");
                    Err(Diagnostic::new(Code::ShapeMismatch, message))
                }
            }
        }
        _ => {
            let code = if fits.is_some() { Code::DTypeMismatch } else { Code::ShapeMismatch };
            let lead = if module.tokenwise { "..." } else { "b, s" };
            let tail: String = inner.iter().rev().map(|n| format!(", {n}")).collect();
            let message = format!("`{path}` takes {}[{lead}{tail}], got {got}", input.dtype);
            Err(Diagnostic::new(code, message))
        }
    }
}
