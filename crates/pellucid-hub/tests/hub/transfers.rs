//! Transfers that break, and who hears the token.

use super::*;
use pellucid_hub::Event;

fn weights() -> Vec<u8> {
    tiny("llama").into_iter().find(|(name, _)| name == "model.safetensors").unwrap().1
}

fn ranges(world: &World) -> Vec<Option<String>> {
    let asked = world.hub.asked();
    asked.into_iter().filter(|request| request.host == "cdn").map(|request| request.range).collect()
}

#[test]
fn a_connection_that_breaks_is_resumed() {
    let world = World::new();
    world.hub.state().drops = vec![50_000, 100_000]; // the last is taken first
    world.opens(ID);
    let range = |start: usize| Some(format!("bytes={start}-"));
    assert_eq!(ranges(&world), [None, range(100_000), range(150_000)]);
}

#[test]
fn a_download_that_was_given_up_goes_on_the_next_time() {
    let mut world = World::new();
    world.settings.retry.times = 0;
    world.hub.state().drops = vec![100_000];
    let HubError::Interrupted { file, done, total, .. } = world.refused(ID) else { panic!() };
    assert_eq!((file.as_str(), done, total), ("model.safetensors", 100_000, Some(174_808)));
    let refs = world.cache.path().join("models--org--tiny-llama/refs/main");
    assert!(!refs.exists(), "a branch does not point to half a model");
    ranges(&world);
    world.opens(ID);
    assert_eq!(ranges(&world), [Some("bytes=100000-".to_owned())]);
}

#[test]
fn a_part_that_is_whole_already_is_only_verified() {
    let world = World::new();
    let blobs = world.cache.path().join("models--org--tiny-llama/blobs");
    std::fs::create_dir_all(&blobs).unwrap();
    let part = blobs.join(format!("{}.incomplete", server::sha256(&weights())));
    std::fs::write(&part, weights()).unwrap();
    world.opens(ID);
    assert_eq!(ranges(&world), []);
    assert!(!part.exists());
}

#[test]
fn a_host_that_ignores_ranges_is_read_from_the_start() {
    let world = World::new();
    world.hub.state().drops = vec![100_000];
    world.hub.state().ignores_ranges = true;
    world.opens(ID);
    assert_eq!(ranges(&world), [None, Some("bytes=100000-".to_owned())]);
}

#[test]
fn wrong_bytes_are_found_and_not_kept() {
    let world = World::new();
    world.hub.state().lies = true;
    let HubError::Corrupt { expected, got, .. } = world.refused(ID) else { panic!() };
    assert_eq!((expected, got.len()), (server::sha256(&weights()), 64));
    world.hub.state().lies = false;
    world.opens(ID);
}

#[test]
fn a_part_of_another_file_is_found() {
    let world = World::new();
    let blobs = world.cache.path().join("models--org--tiny-llama/blobs");
    std::fs::create_dir_all(&blobs).unwrap();
    let part = blobs.join(format!("{}.incomplete", server::sha256(&weights())));
    std::fs::write(&part, [7; 1000]).unwrap();
    assert_eq!(world.refused(ID).code(), "corrupt-download");
    world.opens(ID);
    std::fs::write(&part, vec![7; 200_000]).unwrap();
    std::fs::remove_file(blobs.join(server::sha256(&weights()))).unwrap();
    world.opens(ID); // longer than the file: not worth keeping
}

#[test]
fn a_busy_hub_is_asked_again_a_few_times() {
    let world = World::new();
    world.hub.state().statuses = vec![503, 429];
    world.opens(ID);
    let world = World::new();
    world.hub.state().statuses = vec![503; 3];
    assert_eq!(world.says(ID).lines().next(), Some("cannot reach HUB: status 503 [hub-unreachable]"));
}

#[test]
fn the_token_goes_to_the_hub_alone() {
    let world = World::new().with_token("hf_mine");
    world.hub.state().gated.insert(ID.into(), "hf_mine".into());
    world.opens(ID);
    let asked = world.hub.asked();
    assert!(asked.iter().any(|request| request.host == "cdn"));
    for request in asked {
        let expected = (request.host == "hub").then_some("hf_mine");
        assert_eq!(request.token.as_deref(), expected, "{request:?}");
    }
}

#[test]
fn who_watches_sees_every_byte_and_can_end_it() {
    let world = World::new();
    let mut seen = Vec::new();
    let mut watch = |event: Event<'_>| {
        if let Event::Bytes { file: "model.safetensors", done, total } = event {
            seen.push((done, total));
        }
        ControlFlow::Continue(())
    };
    locate(ID, None, &world.settings, &mut watch).unwrap();
    assert_eq!(seen.first(), Some(&(0, Some(174_808))));
    assert_eq!(seen.last(), Some(&(174_808, Some(174_808))));
    assert!(seen.windows(2).all(|pair| pair[0].0 < pair[1].0), "{seen:?}");

    let world = World::new();
    let mut stop = |event: Event<'_>| match event {
        Event::Bytes { file: "model.safetensors", done: 1.., .. } => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let ended = locate(ID, None, &world.settings, &mut stop);
    assert!(matches!(ended, Err(Error::Hub(HubError::Cancelled))), "{ended:?}");
    world.hub.asked();
    world.opens(ID);
    let resumed = ranges(&world);
    assert!(matches!(&resumed[..], [Some(range)] if range != "bytes=0-"), "{resumed:?}");
}

#[test]
fn two_at_once_download_once() {
    let world = World::new();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| world.opens(ID));
        }
    });
    assert_eq!(ranges(&world).len(), 1);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_said() {
    let world = World::new();
    let blobs = world.cache.path().join("models--org--tiny-llama/blobs");
    std::fs::create_dir_all(&blobs).unwrap();
    let part = blobs.join(format!("{}.incomplete", server::sha256(&weights())));
    std::os::unix::fs::symlink("/dev/full", &part).unwrap();
    let said = world.says(ID);
    assert!(said.starts_with("no space left to write `CACHE/models--org--tiny-llama/blobs/"), "{said}");
    assert!(said.contains(".incomplete` [disk-full]\nhelp: make space"), "{said}");
}
