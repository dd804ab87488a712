//! Reading a GGUF file's bytes in order: names, values, rows of the tensor table.
//!
//! A count or a length only ever moves the cursor, and the cursor cannot leave the file.

/// A metadata value. Integers of all widths are one kind, floats another.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value<'a> {
    Int(i128),
    Float(f64),
    Bool(bool),
    Text(&'a [u8]),
    Array(Array<'a>),
}

/// An array left in its file: `bytes` holds `len` values of type `kind`, one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Array<'a> {
    kind: u32,
    pub(crate) len: u64,
    bytes: &'a [u8],
}

/// A row of the tensor table as written.
pub(crate) struct RawInfo<'a> {
    pub(crate) name: &'a str,
    /// Slowest axis first.
    pub(crate) shape: Vec<usize>,
    /// ggml's number of the block type.
    pub(crate) kind: u32,
    /// From the start of the data.
    pub(crate) offset: u64,
}

impl<'a> Array<'a> {
    /// The values in turn; `None` where the bytes do not hold one (which [`Cursor::value`] has ruled out).
    pub(crate) fn values(self) -> impl Iterator<Item = Option<Value<'a>>> {
        let mut cursor = Cursor::new(self.bytes);
        (0..self.len).map(move |_| cursor.value(self.kind, 0).ok())
    }

    pub(crate) fn uniform_int(self) -> Option<i128> {
        let mut ints = self.values().map(|value| match value? {
            Value::Int(int) => Some(int),
            _ => None,
        });
        let first = ints.next()??;
        ints.all(|int| int == Some(first)).then_some(first)
    }
}

/// A place in the file; every read is checked against the end.
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// At the start of `bytes`.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// How many bytes lie behind.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// Magic and version; gives the numbers of tensors and metadata.
    pub(crate) fn preamble(&mut self) -> Result<(u64, u64), String> {
        let magic: [u8; 4] = self.array()?;
        if &magic != b"GGUF" {
            return Err(format!("it begins with {magic:?}, expected {:?} (`GGUF`)", b"GGUF"));
        }
        match self.u32()? {
            2 | 3 => Ok((self.u64()?, self.u64()?)),
            swapped if (1..=3).contains(&swapped.swap_bytes()) => {
                Err("it is big-endian; convert it to little-endian".to_owned())
            }
            version => Err(format!("it has version {version}, expected 2 or 3")),
        }
    }

    /// The next metadata entry.
    pub(crate) fn key_value(&mut self) -> Result<(&'a str, Value<'a>), String> {
        let key = self.name()?;
        let kind = self.u32()?;
        let value = self.value(kind, 0).map_err(|why| format!("`{key}`: {why}"))?;
        Ok((key, value))
    }

    /// The next row of the tensor table.
    pub(crate) fn tensor(&mut self) -> Result<RawInfo<'a>, String> {
        const MOST_AXES: u32 = 4;
        let name = self.name()?;
        let n_axes = self.u32()?;
        if n_axes > MOST_AXES {
            return Err(format!("tensor `{name}` has {n_axes} axes, at most {MOST_AXES} are allowed"));
        }
        let mut shape = Vec::new();
        for _ in 0..n_axes {
            let axis = usize::try_from(self.u64()?).map_err(|_| format!("tensor `{name}` is too large"))?;
            shape.push(axis);
        }
        shape.reverse();
        Ok(RawInfo { name, shape, kind: self.u32()?, offset: self.u64()? })
    }

    fn take(&mut self, n: u64) -> Result<&'a [u8], String> {
        let end = usize::try_from(n).ok().and_then(|n| self.at.checked_add(n));
        let taken = end.and_then(|end| self.bytes.get(self.at..end));
        let taken = taken.ok_or_else(|| {
            format!("{n} bytes are announced at byte {}, the file has {}", self.at, self.bytes.len())
        })?;
        self.at += taken.len();
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N as u64)?);
        Ok(array)
    }

    fn u32(&mut self) -> Result<u32, String> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, String> {
        self.array().map(u64::from_le_bytes)
    }

    fn name(&mut self) -> Result<&'a str, String> {
        let len = self.u64()?;
        let at = self.at;
        std::str::from_utf8(self.take(len)?).map_err(|_| format!("the name at byte {at} is not UTF-8"))
    }

    fn value(&mut self, kind: u32, depth: usize) -> Result<Value<'a>, String> {
        Ok(match kind {
            0 => Value::Int(self.array().map(u8::from_le_bytes)?.into()),
            1 => Value::Int(self.array().map(i8::from_le_bytes)?.into()),
            2 => Value::Int(self.array().map(u16::from_le_bytes)?.into()),
            3 => Value::Int(self.array().map(i16::from_le_bytes)?.into()),
            4 => Value::Int(self.array().map(u32::from_le_bytes)?.into()),
            5 => Value::Int(self.array().map(i32::from_le_bytes)?.into()),
            6 => Value::Float(self.array().map(f32::from_le_bytes)?.into()),
            7 => Value::Bool(self.array::<1>()? != [0]),
            STRING => {
                let len = self.u64()?;
                Value::Text(self.take(len)?)
            }
            ARRAY => Value::Array(self.skip_array(depth)?),
            10 => Value::Int(self.array().map(u64::from_le_bytes)?.into()),
            11 => Value::Int(self.array().map(i64::from_le_bytes)?.into()),
            12 => Value::Float(self.array().map(f64::from_le_bytes)?),
            other => return Err(format!("unknown value type {other}")),
        })
    }

    fn skip_array(&mut self, depth: usize) -> Result<Array<'a>, String> {
        const DEEPEST: usize = 4;
        if depth == DEEPEST {
            return Err(format!("lists are nested more than {DEEPEST} deep"));
        }
        let kind = self.u32()?;
        let len = self.u64()?;
        let start = self.at;
        match width(kind) {
            Some(width) => {
                let size = len.checked_mul(width).ok_or("a list longer than any file")?;
                self.take(size)?;
            }
            // Each of these takes at least eight bytes, so a false length ends at the end of the file.
            None => {
                for _ in 0..len {
                    self.value(kind, depth + 1)?;
                }
            }
        }
        Ok(Array { kind, len, bytes: &self.bytes[start..self.at] })
    }
}

const STRING: u32 = 8;
const ARRAY: u32 = 9;

/// The bytes of a value of this type, if they are always the same number.
fn width(kind: u32) -> Option<u64> {
    match kind {
        0 | 1 | 7 => Some(1),
        2 | 3 => Some(2),
        4..=6 => Some(4),
        10..=12 => Some(8),
        _ => None,
    }
}
