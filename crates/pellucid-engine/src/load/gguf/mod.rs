//! GGUF: a whole model in one file (<https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>).
//!
//! What llama.cpp's converter did to a Hugging Face checkpoint is undone here: `config` writes the `config.json`
//! back from the metadata, `names` and `entries` give tensors their names, `blocks` their values and layout,
//! `tokenizer` the vocabulary. `header` reads the container and trusts nothing in it.

pub(crate) mod blocks;
pub(crate) mod codes;
mod config;
mod cursor;
mod cuts;
mod entries;
mod header;
mod merges;
mod names;
mod ropes;
mod tokenizer;
mod wordpiece;

use std::path::Path;

use header::Header;

use super::encoding::Side;
use super::mapped::{Mapped, Window};
use super::special::SpecialTokens;
use super::tokenizer::{Built, Kit, Loaded};
use super::weights::{Files, Weights};
use super::{ChatTemplates, Checkpoint, Generation, LoadError, Pooled, Pooling, Progress, Tokenizer};

/// Opens the `.gguf` file at `path`.
pub(crate) fn open(path: &Path, progress: &mut dyn FnMut(Progress<'_>)) -> Result<Checkpoint, LoadError> {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let name = stem.unwrap_or_else(|| "model".to_owned());
    progress(Progress::Weights { file: &name, done: 0, total: 1 });
    let mapped = Mapped::open(path)?;
    let window = header_window(&mapped)?;
    let header = Header::read(path, window.bytes(), mapped.len())?;
    let config = config::of(&header, &mapped)?;
    let generation = Generation::of(&config)?;
    let entries = entries::of(&header)?;
    let pooling = pooling(&header)?;
    let (again, own) = (mapped.again()?, generation.clone());
    let tokenizer = Tokenizer::lazy(move || build_tokenizer(&again, &own));
    let weights = Weights::of(Files { files: vec![mapped], entries });
    Ok(Checkpoint { name, config, weights, tokenizer, generation, pooling })
}

/// How the file says that hidden states become an embedding, or what it says that is not known here.
fn pooling(header: &Header<'_>) -> Result<Result<Pooling, String>, LoadError> {
    let key = format!("{}.pooling_type", header.text("general.architecture")?);
    let of = match header.opt_count(&key)? {
        None | Some(0) => return Ok(Ok(Pooling::default())),
        Some(1) => Pooled::Mean,
        Some(2) => Pooled::First,
        Some(kind) => {
            return Ok(Err(format!("`{key}` is {kind}, neither the mean (1) nor the first token (2)")));
        }
    };
    Ok(Ok(Pooling { of, normalize: false }))
}

/// Enough of the file for its header, which says nowhere how long it is: vocabularies take a few megabytes.
fn header_window(file: &Mapped) -> Result<Window, LoadError> {
    let mut len = file.len().min(16 << 20);
    loop {
        let window = file.window(0..len)?;
        if len == file.len() || Header::read(file.path(), window.bytes(), file.len()).is_ok() {
            return Ok(window);
        }
        len = file.len().min(len * 4);
    }
}

fn build_tokenizer(file: &Mapped, generation: &Generation) -> Built {
    let window = header_window(file)?;
    let header = &Header::read(file.path(), window.bytes(), file.len())?;
    let inner = match tokenizer::of(header, generation)? {
        Ok(inner) => inner,
        Err(why) => return Ok(Err(why)),
    };
    let unknown = header.opt_count("tokenizer.ggml.unknown_token_id")?;
    let kit = Kit {
        special: SpecialTokens::of_ids(generation, unknown.and_then(|id| u32::try_from(id).ok()), &inner),
        chat: ChatTemplates::only(header.opt_text("tokenizer.chat_template")?),
        side: Side::default(),
    };
    Ok(Loaded::new(inner, kit))
}
