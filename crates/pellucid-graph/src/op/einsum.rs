//! Einstein's summation: `bij,bjk->bik` names the axes of each operand and of the result.
//!
//! An axis named alike is one axis; what the result does not name is summed. [`resolve_einsum`]
//! replaces names by numbers and `...` by numbers of their own, so that the shape rule reads off the
//! result and the engine sees plain labels.

use crate::{Code, Diagnostic, Result};

/// An equation with every axis known, for operands of particular shapes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Einsum {
    /// The label of each axis of each operand; a label that stands twice takes the diagonal.
    pub operands: Vec<Vec<usize>>,
    /// The labels of the result, each once.
    pub output: Vec<usize>,
    /// The length of each label's axis.
    pub lengths: Vec<usize>,
}

impl Einsum {
    /// The shape of the result.
    pub fn shape(&self) -> Vec<usize> {
        self.output.iter().map(|label| self.lengths[*label]).collect()
    }

    /// Whether some axis is summed.
    pub fn sums(&self) -> bool {
        self.operands.iter().flatten().any(|label| !self.output.contains(label))
    }
}

/// Letters, in the order in which an output that is not written names them.
const LETTERS: &[u8; 52] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// One subscript: a letter's number, or all axes that no letter names.
#[derive(Clone, Copy, PartialEq)]
enum Subscript {
    Letter(usize),
    Ellipsis,
}

/// Resolves an equation against the shapes of its operands.
///
/// # Errors
/// What is not an equation, operands that are not as many or have not as many axes as it says,
/// lengths that neither agree nor are 1, an output that names what no operand does or names it twice.
pub fn resolve_einsum(equation: &str, shapes: &[&[usize]]) -> Result<Einsum> {
    let compact: String = equation.chars().filter(|c| *c != ' ').collect();
    let (inputs, output) = match compact.split_once("->") {
        Some((inputs, output)) => (inputs, Some(subscripts(output, equation)?)),
        None => (compact.as_str(), None),
    };
    let inputs = inputs.split(',').map(|part| subscripts(part, equation)).collect::<Result<Vec<_>>>()?;
    if inputs.len() != shapes.len() {
        let message = format!("`{equation}` names {} operands, got {}", inputs.len(), shapes.len());
        return Err(Diagnostic::new(Code::BadArgument, message));
    }
    let hidden = hidden_axes(equation, &inputs, shapes)?;
    let n_hidden = hidden.iter().copied().max().unwrap_or(0);
    let mut lengths = vec![1; LETTERS.len() + n_hidden];
    let mut operands = Vec::new();
    for (i, (input, shape)) in inputs.iter().zip(shapes).enumerate() {
        let labels = labels(input, n_hidden - hidden[i]..n_hidden);
        merge_lengths(&mut lengths, &labels, shape, i)?;
        operands.push(labels);
    }
    let output = match output {
        Some(output) => written_output(&output, &operands, n_hidden)?,
        None => implied_output(&operands, n_hidden),
    };
    Ok(Einsum { operands, output, lengths })
}

/// Reads letters and at most one `...`.
fn subscripts(text: &str, equation: &str) -> Result<Vec<Subscript>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("...") {
            if found.contains(&Subscript::Ellipsis) {
                let message = format!("`{text}` of `{equation}` has two `...`");
                return Err(Diagnostic::new(Code::BadArgument, message));
            }
            found.push(Subscript::Ellipsis);
            rest = after;
            continue;
        }
        let Some(letter) = LETTERS.iter().position(|l| char::from(*l) == c) else {
            let message = format!("`{c}` in `{equation}` is not a subscript");
            return Err(Diagnostic::new(Code::BadArgument, message)
                .help("subscripts are the letters a to z and A to Z, and `...`"));
        };
        found.push(Subscript::Letter(letter));
        rest = &rest[c.len_utf8()..];
    }
    Ok(found)
}

/// How many axes `...` stands for in each operand.
fn hidden_axes(equation: &str, inputs: &[Vec<Subscript>], shapes: &[&[usize]]) -> Result<Vec<usize>> {
    let count = |(i, (input, shape)): (usize, (&Vec<Subscript>, &&[usize]))| {
        let open = input.contains(&Subscript::Ellipsis);
        let named = input.len() - usize::from(open);
        match shape.len().checked_sub(named) {
            Some(0) => Ok(0),
            Some(n) if open => Ok(n),
            _ => {
                let least = if open { "at least " } else { "" };
                let message =
                    format!("operand {i} of `{equation}` has shape {shape:?}, expected {least}{named} axes");
                Err(Diagnostic::new(Code::ShapeMismatch, message))
            }
        }
    };
    inputs.iter().zip(shapes).enumerate().map(count).collect()
}

/// The labels of one operand's or the output's axes; `hidden` are those of its `...`.
fn labels(subscripts: &[Subscript], hidden: std::ops::Range<usize>) -> Vec<usize> {
    let label = |s: &Subscript| match s {
        Subscript::Letter(letter) => *letter..letter + 1,
        Subscript::Ellipsis => LETTERS.len() + hidden.start..LETTERS.len() + hidden.end,
    };
    subscripts.iter().flat_map(label).collect()
}

/// Axes of one label broadcast among operands, but agree within one.
fn merge_lengths(lengths: &mut [usize], labels: &[usize], shape: &[usize], i: usize) -> Result<()> {
    for (axis, (&label, &n)) in labels.iter().zip(shape).enumerate() {
        let twin = labels[..axis].iter().position(|l| *l == label);
        let before = twin.map_or(lengths[label], |twin| shape[twin]);
        if n == before || twin.is_none() && (n == 1 || before == 1) {
            lengths[label] = if lengths[label] == 1 { n } else { lengths[label] };
            continue;
        }
        let message = format!(
            "axis `{}` of operand {i} has length {n} (shape {shape:?}), expected {before}",
            name(label)
        );
        return Err(Diagnostic::new(Code::ShapeMismatch, message));
    }
    Ok(())
}

fn name(label: usize) -> String {
    LETTERS.get(label).map_or("...".to_owned(), |l| char::from(*l).to_string())
}

fn written_output(output: &[Subscript], operands: &[Vec<usize>], n_hidden: usize) -> Result<Vec<usize>> {
    let labels = labels(output, 0..n_hidden);
    for (i, label) in labels.iter().enumerate() {
        let fault = if !operands.iter().flatten().any(|l| l == label) {
            "is named by no operand"
        } else if labels[..i].contains(label) {
            "appears twice"
        } else {
            continue;
        };
        let message = format!("`{}` of the output {fault}", name(*label));
        return Err(Diagnostic::new(Code::BadArgument, message));
    }
    Ok(labels)
}

/// What `...` stands for, then the letters that appear once, in order.
fn implied_output(operands: &[Vec<usize>], n_hidden: usize) -> Vec<usize> {
    let once = |label: &usize| operands.iter().flatten().filter(|l| *l == label).count() == 1;
    (LETTERS.len()..LETTERS.len() + n_hidden).chain((0..LETTERS.len()).filter(once)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(equation: &str, shapes: &[&[usize]], want: &str) {
        let found = resolve_einsum(equation, shapes);
        let text = found.map_or_else(|e| e.message, |e| format!("{:?}", e.shape()));
        assert_eq!(text, want, "{equation}");
    }

    #[test]
    fn shapes_follow_torch() {
        check("ij,jk", &[&[2, 3], &[3, 4]], "[2, 4]");
        check("bA", &[&[2, 3]], "[3, 2]");
        check(" i j -> j i ", &[&[2, 3]], "[3, 2]");
        check("...ij,...jk", &[&[2, 1, 3, 4], &[5, 4, 3]], "[2, 5, 3, 3]");
        check("i...->...", &[&[2, 3]], "[3]");
        check("...ij->i", &[&[2, 3, 4]], "[3]");
        check("ii->i", &[&[3, 3]], "[3]");
        check("ij,ij->ij", &[&[1, 3], &[4, 3]], "[4, 3]");
        check("i,i->i", &[&[0], &[1]], "[0]");
        check("", &[&[]], "[]");
        check("a,b,c", &[&[2], &[3], &[4]], "[2, 3, 4]");
    }

    #[test]
    fn says_what_is_wrong() {
        let square: &[usize] = &[3, 3];
        check("i1", &[square], "`1` in `i1` is not a subscript");
        check("ij->k", &[square], "`k` of the output is named by no operand");
        check("ij->ii", &[square], "`i` of the output appears twice");
        check("ij,jk", &[square], "`ij,jk` names 2 operands, got 1");
        check("i", &[square], "operand 0 of `i` has shape [3, 3], expected 1 axes");
        check("...ijk", &[square], "operand 0 of `...ijk` has shape [3, 3], expected at least 3 axes");
        check("ij,jk", &[square, &[2, 2]], "axis `j` of operand 1 has length 2 (shape [2, 2]), expected 3");
        check("ii", &[&[1, 3]], "axis `i` of operand 0 has length 3 (shape [1, 3]), expected 1");
        check("i->i->i", &[&[1]], "`-` in `i->i->i` is not a subscript");
        check("......", &[&[1]], "`......` of `......` has two `...`");
    }
}
