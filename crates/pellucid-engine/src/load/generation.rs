//! Which tokens begin, end and pad a text, as the checkpoint's generation settings say.

use std::path::Path;

use super::LoadError;
use super::config::Config;

/// The special token ids of a checkpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Generation {
    /// A generation stops after any of these.
    pub eos_token_ids: Vec<u32>,
    /// The token before a text, if the model has one.
    pub bos_token_id: Option<u32>,
    /// The token that fills ragged batches, if the model has one.
    pub pad_token_id: Option<u32>,
}

impl Generation {
    /// What the configuration alone says.
    pub fn of(config: &Config) -> Result<Self, LoadError> {
        Ok(Self {
            eos_token_ids: config.token_ids("eos_token_id")?,
            bos_token_id: config.token_ids("bos_token_id")?.first().copied(),
            pad_token_id: config.token_ids("pad_token_id")?.first().copied(),
        })
    }

    /// What `generation_config.json` says, where it speaks; it may be missing.
    pub(crate) fn read(file: &Path, config: &Config) -> Result<Self, LoadError> {
        let fallback = Self::of(config)?;
        if !file.is_file() {
            return Ok(fallback);
        }
        let own = Self::of(&Config::read(file)?)?;
        Ok(Self {
            eos_token_ids: match own.eos_token_ids.is_empty() {
                true => fallback.eos_token_ids,
                false => own.eos_token_ids,
            },
            bos_token_id: own.bos_token_id.or(fallback.bos_token_id),
            pad_token_id: own.pad_token_id.or(fallback.pad_token_id),
        })
    }
}
