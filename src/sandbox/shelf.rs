//! Uploaded media in memory, and the short-lived URLs of all media. No clock of its own; knows no HTTP.

use std::collections::{HashMap, HashSet, VecDeque};

use bytes::Bytes;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::ids::mix;
use super::media;
use super::refusal::Refusal;
use super::world::World;

/// Bytes that are kept; the oldest files give way.
const KEPT_BYTES: usize = 256 * 1024 * 1024;
/// Deleted ids that are remembered; a simulation needs no more.
const DELETED_KEPT: usize = 10_000;
const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// What Meta takes: the type, and the most bytes of a file.
const TYPES: &[(&str, usize)] = &[
    ("audio/aac", 16 * MIB),
    ("audio/mp4", 16 * MIB),
    ("audio/mpeg", 16 * MIB),
    ("audio/amr", 16 * MIB),
    ("audio/ogg", 16 * MIB),
    ("audio/opus", 16 * MIB),
    ("application/vnd.ms-powerpoint", 100 * MIB),
    ("application/msword", 100 * MIB),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", 100 * MIB),
    ("application/vnd.openxmlformats-officedocument.presentationml.presentation", 100 * MIB),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", 100 * MIB),
    ("application/pdf", 100 * MIB),
    ("text/plain", 100 * MIB),
    ("application/vnd.ms-excel", 100 * MIB),
    ("image/jpeg", 5 * MIB),
    ("image/png", 5 * MIB),
    // A sticker: animated ones may have 500 KB.
    ("image/webp", 500 * KIB),
    ("video/mp4", 16 * MIB),
    ("video/3gpp", 16 * MIB),
];

/// The uploaded files.
#[derive(Debug, Default)]
pub struct Shelf {
    files: HashMap<String, File>,
    order: VecDeque<String>,
    bytes: usize,
    deleted: HashSet<String>,
}

#[derive(Debug, Clone)]
struct File {
    mime_type: String,
    content: Bytes,
    /// The number that uploaded it; `None` for what customers sent.
    owner: Option<String>,
}

impl World {
    /// Keeps a file of `number`; its id.
    pub fn upload(&mut self, number: &str, mime_type: &str, content: Bytes) -> Result<String, Refusal> {
        self.number(number, "post")?;
        check(mime_type, content.len())?;
        let id = self.mint.upload_id();
        let file = File { mime_type: mime_type.to_owned(), content, owner: Some(number.to_owned()) };
        self.shelf.keep(id.clone(), file);
        Ok(id)
    }

    /// What Graph says about media `id`, with a URL on `origin`; with `owner` only where that number uploaded it.
    pub fn media_node(&self, id: &str, owner: Option<&str>, origin: &str, now_ms: u64) -> Result<Value, Refusal> {
        let file = self.shelf.file(id).ok_or_else(|| Refusal::unknown_object("get", id))?;
        if let (Some(wanted), Some(owner)) = (owner, &file.owner)
            && wanted != owner
        {
            return Err(Refusal::unknown_object("get", id));
        }
        let ends = now_ms + self.options.faults.media_url_life_ms;
        let url = format!("{origin}/media/{id}?ext={ends}&hash={}", self.seal(id, ends));
        Ok(json!({
            "messaging_product": "whatsapp", "url": url, "mime_type": file.mime_type,
            "sha256": hex::encode(Sha256::digest(&file.content)), "file_size": file.content.len(), "id": id,
        }))
    }

    /// The type and the bytes of media `id`; `None` where the URL has ended, was not made here, or the file is gone.
    pub fn media_content(&self, id: &str, ends: &str, hash: &str, now_ms: u64) -> Option<(String, Bytes)> {
        let ends: u64 = ends.parse().ok()?;
        let valid = now_ms < ends && hash == self.seal(id, ends);
        let file = self.shelf.file(id).filter(|_| valid)?;
        Some((file.mime_type, file.content))
    }

    /// Deletes media `id`.
    pub fn delete_media(&mut self, id: &str) -> Result<(), Refusal> {
        self.shelf.file(id).ok_or_else(|| Refusal::unknown_object("delete", id))?;
        self.shelf.delete(id);
        Ok(())
    }

    fn seal(&self, id: &str, ends: u64) -> String {
        let start = mix(self.options.seed ^ ends);
        format!("{:016x}", id.bytes().fold(start, |seal, byte| mix(seal ^ u64::from(byte))))
    }
}

impl Shelf {
    fn keep(&mut self, id: String, file: File) {
        self.bytes += file.content.len();
        self.order.push_back(id.clone());
        self.files.insert(id, file);
        while self.bytes > KEPT_BYTES {
            let Some(oldest) = self.order.pop_front() else { return };
            self.remove(&oldest);
        }
    }

    /// What was uploaded, else what a customer sent.
    fn file(&self, id: &str) -> Option<File> {
        if self.deleted.contains(id) {
            return None;
        }
        let uploaded = self.files.get(id).cloned();
        uploaded.or_else(|| {
            let mime_type = media::mime_type(id)?.to_owned();
            Some(File { mime_type, content: media::content(id).into(), owner: None })
        })
    }

    fn delete(&mut self, id: &str) {
        self.order.retain(|kept| kept != id);
        self.remove(id);
        if self.deleted.len() < DELETED_KEPT {
            self.deleted.insert(id.to_owned());
        }
    }

    fn remove(&mut self, id: &str) {
        self.bytes -= self.files.remove(id).map_or(0, |file| file.content.len());
    }
}

/// Whether Meta takes a file of so many bytes.
fn check(mime_type: &str, bytes: usize) -> Result<(), Refusal> {
    let essence = mime_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let Some((_, most)) = TYPES.iter().find(|(known, _)| *known == essence) else {
        let known: Vec<&str> = TYPES.iter().map(|(known, _)| *known).collect();
        return Err(Refusal::parameter(format_args!(
            "Param file must be a file with one of the following types: {}. Received file of type '{essence}'.",
            known.join(", ")
        )));
    };
    if bytes > *most {
        let details = format!("The file has {bytes} bytes; files of type {essence} have {most} at most.");
        return Err(Refusal::detailed(131_053, details));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(bytes: usize) -> File {
        File { mime_type: "image/png".into(), content: vec![0; bytes].into(), owner: None }
    }

    #[test]
    fn the_oldest_files_give_way() {
        let mut shelf = Shelf::default();
        for id in ["300000000000001", "300000000000002", "300000000000003"] {
            shelf.keep(id.into(), file(100 * MIB));
        }
        assert!(shelf.file("300000000000001").is_none());
        assert!(shelf.file("300000000000003").is_some());
        shelf.delete("300000000000003");
        assert_eq!(shelf.bytes, 100 * MIB);
    }

    #[test]
    fn each_type_has_its_own_limit() {
        let code = |mime_type, bytes| check(mime_type, bytes).err().map(|refusal| refusal.code);
        assert_eq!(code("image/jpeg", 5 * MIB), None);
        assert_eq!(code("image/jpeg", 5 * MIB + 1), Some(131_053));
        assert_eq!(code("audio/ogg; codecs=opus", 6 * MIB), None);
        assert_eq!(code("image/webp", MIB), Some(131_053));
        assert_eq!(code("application/pdf", 100 * MIB), None);
        assert_eq!(code("application/zip", 1), Some(100));
    }
}
