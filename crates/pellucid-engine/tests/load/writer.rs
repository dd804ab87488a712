//! Writes GGUF files for tests, the way llama.cpp's converter lays them out.

/// A GGUF file in the making.
#[derive(Default)]
pub(crate) struct Gguf {
    metadata: Vec<u8>,
    n_metadata: u64,
    table: Vec<u8>,
    n_tensors: u64,
    data: Vec<u8>,
}

const ALIGNMENT: usize = 32;

impl Gguf {
    pub(crate) fn u32(mut self, key: &str, value: u32) -> Self {
        self.key(key, 4).extend(value.to_le_bytes());
        self
    }

    pub(crate) fn f32(mut self, key: &str, value: f32) -> Self {
        self.key(key, 6).extend(value.to_le_bytes());
        self
    }

    pub(crate) fn flag(mut self, key: &str, value: bool) -> Self {
        self.key(key, 7).push(u8::from(value));
        self
    }

    pub(crate) fn text(mut self, key: &str, value: &str) -> Self {
        text(self.key(key, 8), value);
        self
    }

    pub(crate) fn texts<S: AsRef<str>>(mut self, key: &str, values: &[S]) -> Self {
        let out = self.array(key, 8, values.len());
        values.iter().for_each(|value| text(out, value.as_ref()));
        self
    }

    pub(crate) fn i32s(mut self, key: &str, values: &[i32]) -> Self {
        let out = self.array(key, 5, values.len());
        values.iter().for_each(|value| out.extend(value.to_le_bytes()));
        self
    }

    pub(crate) fn f32s(mut self, key: &str, values: &[f32]) -> Self {
        let out = self.array(key, 6, values.len());
        values.iter().for_each(|value| out.extend(value.to_le_bytes()));
        self
    }

    /// A tensor of ggml type `kind` whose blocks are `bytes`; `shape` is slowest axis first.
    pub(crate) fn tensor(mut self, name: &str, shape: &[usize], kind: u32, bytes: &[u8]) -> Self {
        text(&mut self.table, name);
        self.table.extend((shape.len() as u32).to_le_bytes());
        shape.iter().rev().for_each(|&axis| self.table.extend((axis as u64).to_le_bytes()));
        self.table.extend(kind.to_le_bytes());
        self.table.extend((self.data.len() as u64).to_le_bytes());
        self.data.extend(bytes);
        self.data.resize(self.data.len().next_multiple_of(ALIGNMENT), 0);
        self.n_tensors += 1;
        self
    }

    pub(crate) fn f32_tensor(self, name: &str, shape: &[usize], values: &[f32]) -> Self {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.tensor(name, shape, 0, &bytes)
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        let mut file = b"GGUF".to_vec();
        file.extend(3u32.to_le_bytes());
        file.extend(self.n_tensors.to_le_bytes());
        file.extend(self.n_metadata.to_le_bytes());
        file.extend(self.metadata);
        file.extend(self.table);
        file.resize(file.len().next_multiple_of(ALIGNMENT), 0);
        file.extend(self.data);
        file
    }

    fn key(&mut self, key: &str, kind: u32) -> &mut Vec<u8> {
        self.n_metadata += 1;
        text(&mut self.metadata, key);
        self.metadata.extend(kind.to_le_bytes());
        &mut self.metadata
    }

    fn array(&mut self, key: &str, kind: u32, len: usize) -> &mut Vec<u8> {
        let out = self.key(key, 9);
        out.extend(kind.to_le_bytes());
        out.extend((len as u64).to_le_bytes());
        out
    }
}

fn text(out: &mut Vec<u8>, value: &str) {
    out.extend((value.len() as u64).to_le_bytes());
    out.extend(value.as_bytes());
}
